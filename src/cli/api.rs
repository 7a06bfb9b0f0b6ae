//! `liftoff api`: any call of the Astro API.

/// A call of the Astro API.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Api {
    /// GET, POST, PUT, PATCH or DELETE
    #[arg(value_name = "METHOD")]
    pub method: String,
    /// Path below the Organization, such as `deployments`; one that begins with `/` lies below the API's base, where `{organization}`
    /// stands for the Organization's id
    #[arg(value_name = "PATH")]
    pub path: String,
    /// Query parameter; may be given several times
    #[arg(long = "query", short = 'q', value_name = "NAME=VALUE")]
    pub query: Vec<String>,
    /// Body: JSON, `@FILE`, or `-` for standard input
    #[arg(long, short = 'd', value_name = "JSON")]
    pub body: Option<String>,
    /// Field of the body as text; may be given several times
    #[arg(long = "field", short = 'f', value_name = "NAME=VALUE", conflicts_with = "body")]
    pub fields: Vec<String>,
    /// Reads all pages of a list and joins them
    #[arg(long)]
    pub paginate: bool,
    /// Prints what this jq filter selects; texts without quotes
    #[arg(long, value_name = "FILTER")]
    pub jq: Option<String>,
}
