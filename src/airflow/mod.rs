//! Airflow's REST API: v1 of Airflow 2 and v2 of Airflow 3.
//! It knows neither Astro nor what a copy is. What the two versions do was measured on 2.11.0 and 3.1.8.

pub mod address;
pub mod calls;
pub mod client;
pub mod drafts;
mod pages;
mod rest;
pub mod runs;
mod wire;
