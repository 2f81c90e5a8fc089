//! Places where people pay: shops, markets and offices that take part in the programme.

mod facts;
mod rules;
#[cfg(test)]
mod tests;
mod view;

pub use facts::{IssueLink, LinkEnded, Merchant, MerchantChange, MerchantChanged, MerchantKind, MerchantState};
