"""Writes src/domain/indicator/survey.csv: samples of wards with what they say of each ward and of the city.

Run: python3 make_survey.py (standard library only). Worked out apart from the program: the interval of a share by solving
Wilson's quadratic equation, the city's by summing up in exact fractions. A case is the lines with its number; the line
without a ward is the city's.
"""
import csv
import math
import random
from fractions import Fraction
from pathlib import Path
from statistics import NormalDist

Z = NormalDist().inv_cdf(0.975)


def wilson(yes, asked):
    """Both solutions p of |yes/asked - p| = Z * sqrt(p (1 - p) / asked)."""
    share = yes / asked
    a, b, c = 1 + Z * Z / asked, -(2 * share + Z * Z / asked), share * share
    root = math.sqrt(max(0.0, b * b - 4 * a * c))
    return max(0.0, (-b - root) / (2 * a)) * 100, min(1.0, (-b + root) / (2 * a)) * 100


def city(wards):
    whole = sum(population for _, _, population in wards)
    share, variance = Fraction(0), Fraction(0)
    for yes, asked, population in wards:
        weight, p = Fraction(population, whole), Fraction(yes, asked)
        share += weight * p
        variance += weight**2 * (1 - Fraction(asked, population)) * p * (1 - p) / (asked - 1)
    half = Z * math.sqrt(variance)
    return float(share) * 100, max(0.0, float(share) - half) * 100, min(1.0, float(share) + half) * 100


chance = random.Random(15)
with open(Path(__file__).parents[2] / "src/domain/indicator/survey.csv", "w", newline="") as file:
    out = csv.writer(file, lineterminator="\n")
    out.writerow(["case", "ward", "yes", "asked", "population", "share", "low", "high"])
    for case in range(1, 41):
        wards = []
        for ward in range(1, chance.randint(1, 15) + 1):
            asked = chance.randint(2, 400)
            wards.append((chance.choice([0, asked, chance.randint(0, asked), chance.randint(0, asked)]), asked, chance.randint(asked, 12_000)))
            yes, asked, population = wards[-1]
            low, high = wilson(yes, asked)
            out.writerow([case, ward, yes, asked, population, f"{yes / asked * 100:.9f}", f"{low:.9f}", f"{high:.9f}"])
        out.writerow([case, "", "", "", "", *(f"{value:.9f}" for value in city(wards))])
