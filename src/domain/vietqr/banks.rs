//! Banks and wallets by their identification numbers.

use std::sync::LazyLock;

use serde::Deserialize;

/// A bank or a wallet.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Bank {
    /// Its identification number, 6 digits.
    pub bin: String,
    /// Its name in Vietnamese.
    #[serde(rename = "name_vi")]
    pub name: String,
    /// The name that people use.
    #[serde(rename = "short_name")]
    pub short: String,
}

/// Those to which the State Bank had given a number by 31 December 2023 (letter 1589/NHNN-TT of 2024), with the short names of
/// the open list `subiz/vietqr` (MIT).
static BANKS: LazyLock<Vec<Bank>> = LazyLock::new(|| {
    let rows = csv::Reader::from_reader(include_str!("banks.csv").as_bytes()).into_deserialize();
    rows.collect::<Result<Vec<Bank>, _>>().unwrap_or_default()
});

/// The bank with that number.
pub fn bank(bin: &str) -> Option<&'static Bank> {
    BANKS.iter().find(|bank| bank.bin == bin)
}

/// All of them, by the name that people use.
pub fn banks() -> Vec<&'static Bank> {
    let mut all: Vec<&Bank> = BANKS.iter().collect();
    all.sort_by_key(|bank| bank.short.to_lowercase());
    all
}
