//! bangtin: a city's notice board as an event log.
pub mod domain;
pub mod event_store;
pub mod app;
pub mod erasures;
pub mod import;
pub mod read_model;
pub mod render;
pub mod vault;
pub mod http;
pub mod cli;
pub mod config;
