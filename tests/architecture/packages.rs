//! Invariant 8 and the rules about packages: the simulator stands alone, and there is one TLS stack.
//! Reads manifests and the lock file as text.

use crate::source::{files, root, text};

#[test]
fn the_simulator_does_not_name_the_product() {
    let manifest = text("crates/astro-sim/Cargo.toml").to_lowercase();
    assert!(manifest.contains("name = \"astro-sim\""), "this is not the simulator's manifest");
    assert!(!manifest.contains("liftoff"), "the simulator must not depend on the product, nor speak of it");
    let uses: Vec<String> =
        files("crates/astro-sim").into_iter().filter(|path| path.ends_with(".rs") && text(path).contains("liftoff::")).collect();
    assert_eq!(uses, Vec::<String>::new());
}

#[test]
fn there_is_one_tls_stack() {
    let lock: toml::Table = text("Cargo.lock").parse().expect("a lock file");
    let names: Vec<&str> =
        lock["package"].as_array().expect("packages").iter().map(|package| package["name"].as_str().expect("a name")).collect();
    assert!(names.len() > 100, "only {} packages were read", names.len());
    assert!(names.contains(&"ring") && names.contains(&"rustls"));
    let banned = ["aws-lc-rs", "aws-lc-sys", "openssl", "openssl-sys", "native-tls"];
    let found: Vec<&&str> = names.iter().filter(|name| banned.contains(name)).collect();
    assert_eq!(found, Vec::<&&str>::new());
    assert_eq!(names.iter().filter(|name| **name == "rustls").count(), 1, "two versions of rustls");
}

#[test]
fn no_file_holds_a_path_of_somebodys_machine() {
    let mut forbidden: Vec<String> = ["work/wt/", "work/shared", "work/main", "tmp/brief", "root/.cargo", "root/.rustup"]
        .map(|path| format!("/{path}"))
        .to_vec();
    let here = root().to_str().expect("a UTF-8 path");
    // A short folder such as `/src` may rightly stand in a Dockerfile; a deep one is this machine's.
    if here.matches('/').count() > 2 {
        forbidden.push(here.to_owned());
    }
    let all = files("");
    assert!(all.len() >= 40, "only {} files were read", all.len());
    let mut wrong = Vec::new();
    for path in all {
        let Ok(content) = std::fs::read_to_string(root().join(&path)) else { continue };
        for text in forbidden.iter().filter(|text| content.contains(text.as_str())) {
            wrong.push(format!("{path} names {text}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
