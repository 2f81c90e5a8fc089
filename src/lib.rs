//! bangtin: a city's notice board as an event log.
pub mod app;
pub mod cli;
pub mod config;
pub mod cql2;
pub mod disk;
pub mod domain;
pub mod erasures;
pub mod event_store;
pub mod export;
pub mod http;
pub mod import;
pub mod press;
pub mod read_model;
pub mod render;
pub mod vault;
pub mod words;
