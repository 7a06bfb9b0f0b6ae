//! What really arrived in a registry, read without any of the product's code.
//! It knows manifests, configurations and layers, and nothing of deploys.

use std::collections::BTreeMap;
use std::io::Read as _;

use astro_sim::world::state::World;
use serde_json::Value;

const MANIFESTS: &str = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json";
const HOME: &str = "usr/local/airflow/";

/// An image that was pushed.
#[derive(Debug)]
pub struct Shipped {
    /// Digest of its configuration, which engines call the image's id.
    pub id: String,
    /// `linux/amd64`.
    pub platform: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Everything below Airflow's home by its path there, folders with a slash at the end.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Shipped {
    /// Reads the image that the simulator's Deployment runs from the simulator's registry.
    pub fn in_simulator(world: &World) -> Self {
        let deployment = &world.deployments[0];
        let repository = world.image_repository(deployment);
        let (_, manifest) = world.registry.manifest(&repository, &deployment.image_tag).expect("a pushed image");
        Self::read(&manifest.bytes, |digest| world.registry.blob(&repository, digest).expect("a blob").to_vec())
    }

    /// Reads an image from a registry as the user `cli`.
    pub fn in_registry(repository: &str, tag: &str, password: &str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (host, name) = repository.split_once('/').expect("host and name");
        let get = |path: String| {
            let request = client.get(format!("http://{host}/v2/{name}/{path}")).basic_auth("cli", Some(password));
            let answer = async {
                let response = request.header("accept", MANIFESTS).send().await.expect("an answer");
                response.error_for_status().expect("a success").bytes().await.expect("a body").to_vec()
            };
            runtime.block_on(answer)
        };
        Self::read(&get(format!("manifests/{tag}")), |digest| get(format!("blobs/{digest}")))
    }

    fn read(manifest: &[u8], blob: impl Fn(&str) -> Vec<u8>) -> Self {
        let manifest: Value = serde_json::from_slice(manifest).expect("a manifest");
        let digest = |descriptor: &Value| descriptor["digest"].as_str().expect("a digest").to_owned();
        let id = digest(&manifest["config"]);
        let config: Value = serde_json::from_slice(&blob(&id)).expect("a configuration");
        let word = |key: &str| config[key].as_str().unwrap_or_default().to_owned();
        let labels = config["config"]["Labels"].as_object().into_iter().flatten();
        let mut files = BTreeMap::new();
        for layer in manifest["layers"].as_array().expect("layers") {
            for (path, content) in members(&blob(&digest(layer))) {
                files.extend(path.strip_prefix(HOME).filter(|path| !path.is_empty()).map(|path| (path.to_owned(), content)));
            }
        }
        Self {
            id,
            platform: format!("{}/{}", word("os"), word("architecture")),
            labels: labels.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect(),
            files,
        }
    }
}

/// Returns the paths and contents of a tar archive, compressed or not, folders with a slash at the end.
pub fn members(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut tar = Vec::new();
    match bytes.starts_with(&[0x1f, 0x8b]) {
        true => drop(flate2::read::GzDecoder::new(bytes).read_to_end(&mut tar).expect("gzip")),
        false => tar.extend_from_slice(bytes),
    }
    let mut found = Vec::new();
    for entry in tar::Archive::new(tar.as_slice()).entries().expect("a tar archive") {
        let mut entry = entry.expect("an entry");
        let mut path = String::from_utf8_lossy(&entry.path_bytes()).trim_start_matches("./").to_owned();
        if entry.header().entry_type().is_dir() && !path.ends_with('/') {
            path.push('/');
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content).expect("its content");
        found.push((path, content));
    }
    found
}
