//! Runtime releases the platform offers.
//! It must not know which Deployment runs which.

/// One Astro Runtime release.
#[derive(Clone, Debug)]
pub struct RuntimeRelease {
    /// Such as `3.1-5` or `12.5.0`.
    pub version: String,
    /// The Airflow inside.
    pub airflow_version: String,
    /// `stable` or `deprecated`.
    pub channel: String,
    /// Release date in RFC 3339.
    pub release_date: String,
}

/// Returns the releases a new world offers, newest first.
pub fn releases() -> Vec<RuntimeRelease> {
    const TABLE: [(&str, &str, &str); 8] = [
        ("3.1-5", "3.1.3", "2025-11-20T00:00:00Z"),
        ("3.1-4", "3.1.2", "2025-11-06T00:00:00Z"),
        ("3.1-3", "3.1.1", "2025-10-29T00:00:00Z"),
        ("3.1-1", "3.1.0", "2025-09-26T00:00:00Z"),
        ("3.0-11", "3.0.6", "2025-09-12T00:00:00Z"),
        ("3.0-1", "3.0.0", "2025-04-22T00:00:00Z"),
        ("13.2.0", "2.11.0", "2025-09-02T00:00:00Z"),
        ("12.5.0", "2.10.4", "2024-12-17T00:00:00Z"),
    ];
    let release = |(version, airflow, date): &(&str, &str, &str)| RuntimeRelease {
        version: (*version).into(),
        airflow_version: (*airflow).into(),
        channel: "stable".into(),
        release_date: (*date).into(),
    };
    TABLE.iter().map(release).collect()
}
