//! bangtin: a city's notice board as an event log.
#[macro_use]
pub mod words;

pub mod app;
pub mod cli;
pub mod config;
pub mod cql2;
pub mod credentials;
pub mod disk;
pub mod domain;
pub mod erasures;
pub mod event_store;
pub mod export;
pub mod features;
pub mod geometry;
pub mod http;
pub mod import;
pub mod node;
pub mod outside;
pub mod prints;
pub mod read_model;
pub mod render;
pub mod vault;
