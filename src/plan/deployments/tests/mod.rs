//! Deployments as code, tried as a whole on Deployments and files of every kind.

mod exports;
mod files;
mod platform;
mod random;
mod worlds;
