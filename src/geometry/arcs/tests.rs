use crate::geometry::Ring;
use crate::geometry::arcs::*;
use crate::geometry::outline::doubled_area;

fn square(x: i64, y: i64, side: i64) -> Ring {
    vec![[x, y], [x, y + side], [x + side, y + side], [x + side, y]]
}

fn arcs(zones: &[(Vec<Ring>, u16)]) -> Arcs {
    let mut rings = Rings::default();
    for (zone, (own, _)) in zones.iter().enumerate() {
        own.iter().for_each(|ring| rings.push(zone as u32, ring.iter().copied()));
    }
    Arcs::new(zones.iter().map(|(_, code)| *code).collect(), &rings).expect("few")
}

fn joined(zones: &[(Vec<Ring>, u16)], near: &[usize]) -> (Vec<(u32, Ring)>, Vec<u32>) {
    let found = arcs(zones).joined(near);
    (found.rings.iter().map(|(index, range)| (*index, found.points[range.clone()].to_vec())).collect(), found.counts)
}

fn area(rings: &[(u32, Ring)]) -> i128 {
    rings.iter().map(|(_, ring)| doubled_area(ring)).sum::<i128>().abs() / 2
}

fn of(first: u32, rings: &[(u32, Ring)]) -> Vec<(u32, Ring)> {
    rings.iter().filter(|(index, _)| *index == first).cloned().collect()
}

#[test]
fn neighbours_of_one_code_become_one_area_and_others_stay() {
    let zones = [(vec![square(0, 0, 10)], 1), (vec![square(10, 0, 10)], 1), (vec![square(20, 0, 10)], 2)];
    let (rings, counts) = joined(&zones, &[0, 1, 2]);
    assert_eq!(rings.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 2]);
    assert_eq!((area(&rings[..1]), area(&rings[1..]), counts), (200, 100, vec![2, 0, 1]));
}

#[test]
fn a_zone_that_is_not_near_leaves_its_neighbours_border() {
    let zones = [(vec![square(0, 0, 10)], 1), (vec![square(10, 0, 10)], 1), (vec![square(20, 0, 10)], 1)];
    let (rings, counts) = joined(&zones, &[1, 2]);
    assert_eq!((rings.len(), area(&rings), counts), (1, 200, vec![2, 0]));
    let (rings, counts) = joined(&zones, &[0, 2]);
    assert_eq!((rings.len(), area(&rings), counts), (2, 200, vec![1, 1]));
}

#[test]
fn a_zone_within_zones_of_another_code_is_a_hole_in_them() {
    let around = (0..9).filter(|i| *i != 4).map(|i| (vec![square(i % 3 * 10, i / 3 * 10, 10)], 1));
    let zones: Vec<(Vec<Ring>, u16)> = around.chain([(vec![square(10, 10, 10)], 2)]).collect();
    let (rings, counts) = joined(&zones, &[0, 1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!((rings.len(), area(&of(0, &rings)), area(&of(8, &rings))), (3, 800, 100));
    assert_eq!((counts[0], counts[8]), (8, 1));
}

#[test]
fn an_island_shares_its_border_with_the_hole_it_lies_in() {
    let hole: Ring = square(10, 10, 5).into_iter().rev().collect();
    let island = vec![[15, 15], [15, 10], [10, 10], [10, 15]];
    let zones = [(vec![square(0, 0, 30), hole], 1), (vec![island], 1)];
    let (rings, counts) = joined(&zones, &[0, 1]);
    assert_eq!((rings.len(), area(&rings), counts), (1, 900, vec![2, 0]));
}

#[test]
fn what_is_left_out_of_a_border_is_left_out_for_both() {
    // A stair between two zones of different codes.
    let stair: Vec<[i64; 2]> = (0..=20).map(|i| [10 + (i + 1) / 2, i / 2]).collect();
    let left: Ring = [[0, 10], [0, 0]].into_iter().rev().chain(stair.iter().rev().copied()).collect();
    let right: Ring = stair.iter().copied().chain([[40, 10], [40, 0]]).collect();
    let zones = [(vec![left.into_iter().rev().collect()], 1), (vec![right.into_iter().rev().collect()], 2)];
    let (rings, _) = joined(&zones, &[0, 1]);
    assert_eq!(area(&rings), 400);
    assert!(rings.iter().map(|(_, ring)| ring.len()).sum::<usize>() <= 10);
}

#[test]
fn zones_that_lie_on_each_other_or_turn_back_are_kept_as_they_are() {
    let spike = vec![[0, 0], [0, 10], [5, 10], [5, 20], [5, 10], [10, 10], [10, 0]];
    let zones = [(vec![spike], 1), (vec![square(0, 0, 10)], 1), (vec![square(0, 0, 10)], 2), (vec![square(3, 3, 3)], 2)];
    let (rings, counts) = joined(&zones, &[0, 1, 2, 3]);
    assert_eq!((area(&rings), counts.iter().sum::<u32>()), (309, 4));
}

#[test]
fn seeded_mosaics_keep_their_area_and_every_count() {
    // A board of squares with codes from a seed, some of them split along their diagonal.
    let mut state = 7_u64;
    let mut random = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for _ in 0..50 {
        let mut zones = Vec::new();
        for i in 0..100 {
            let (x, y) = (i % 10 * 4, i / 10 * 4);
            let [a, b, c, d] = [[x, y], [x, y + 4], [x + 4, y + 4], [x + 4, y]];
            let (top, bottom) = ([x + 2, y + 4], [x + 2, y]);
            if random(3) == 0 {
                zones.push((vec![vec![a, b, top, c]], random(3) as u16));
                zones.push((vec![vec![a, c, d, bottom]], random(3) as u16));
            } else {
                zones.push((vec![vec![a, b, top, c, d, bottom]], random(3) as u16));
            }
        }
        let all: Vec<usize> = (0..zones.len()).collect();
        let (rings, counts) = joined(&zones, &all);
        assert_eq!((area(&rings), counts.iter().sum::<u32>() as usize), (1_600, zones.len()));
        // No border lies between two areas of one code: the reverse of each edge belongs to another code.
        let mut edges = FxHashMap::default();
        for (index, ring) in &rings {
            for (i, from) in ring.iter().enumerate() {
                edges.insert((*from, ring[(i + 1) % ring.len()]), zones[*index as usize].1);
            }
        }
        assert!(edges.iter().all(|((from, to), code)| edges.get(&(*to, *from)).is_none_or(|other| other != code)));
    }
}
