//! `liftoff deployment`: what to do with Deployments. Verbs and flags are spelt as the Astro CLI spells them.

use crate::cli::airflow_objects::{ConnectionVerb, PoolVerb, VariableVerb};

/// What to do with Deployments.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand)]
pub enum Verb {
    /// Lists the Deployments that the token sees
    List,
    /// Lists the connections of its Airflow and changes them
    #[command(subcommand)]
    Connection(ConnectionVerb),
    /// Lists the variables of its Airflow and changes them
    #[command(subcommand)]
    AirflowVariable(VariableVerb),
    /// Lists the pools of its Airflow and changes them
    #[command(subcommand)]
    Pool(PoolVerb),
}
