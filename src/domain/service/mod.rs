//! Services that residents use on other sites and in apps: where they are, and what each needs.

mod facts;
mod rules;
#[cfg(test)]
mod tests;
mod view;

pub use facts::Service;
