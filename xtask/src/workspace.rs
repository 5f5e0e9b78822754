//! The member crates, as cargo itself lists them: a new crate is checked without being named here.
//!
//! Nothing is read from the dependencies' own manifests, so this needs neither network nor a lock file.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::Result;
use crate::command::Command;

/// The workspace this program was built in.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// Where cargo builds, also if `CARGO_TARGET_DIR` moved it.
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
}

/// A member crate.
#[derive(Debug, Default, Clone)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// The folder of its `Cargo.toml`.
    pub(crate) folder: PathBuf,
    pub(crate) published: bool,
    pub(crate) features: Vec<String>,
    pub(crate) binaries: Vec<String>,
    pub(crate) dependencies: Vec<Dependency>,
}

/// One line of a member's dependencies.
#[derive(Debug, Clone)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// True for `[dev-dependencies]`.
    pub(crate) only_for_tests: bool,
}

impl Workspace {
    /// Asks `cargo metadata`.
    pub(crate) fn load() -> Result<Self> {
        let finished = Command::cargo(["metadata", "--no-deps", "--format-version", "1"]).without_stderr().run()?;
        if !finished.success {
            return Err("`cargo metadata` failed: the message is above".into());
        }
        let metadata: Value = serde_json::from_str(&finished.output)?;
        Ok(Self {
            root: path(&metadata["workspace_root"]),
            target: path(&metadata["target_directory"]),
            packages: items(&metadata["packages"]).map(Package::read).collect(),
        })
    }

    /// The crates that go to crates.io.
    pub(crate) fn published(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.published)
    }

    /// The folder for logs and tools of this program.
    pub(crate) fn own_folder(&self) -> PathBuf {
        self.target.join("xtask")
    }
}

impl Package {
    fn read(package: &Value) -> Self {
        let manifest = path(&package["manifest_path"]);
        Self {
            name: text(&package["name"]),
            folder: manifest.parent().unwrap_or(Path::new(".")).to_owned(),
            // `publish = false` is an empty list of registries; null stands for all of them.
            published: package["publish"].is_null(),
            features: package["features"]
                .as_object()
                .into_iter()
                .flat_map(|features| features.keys().cloned())
                .collect(),
            binaries: items(&package["targets"])
                .filter(|target| is_binary(target))
                .map(|target| text(&target["name"]))
                .collect(),
            dependencies: items(&package["dependencies"]).map(Dependency::read).collect(),
        }
    }
}

impl Dependency {
    fn read(dependency: &Value) -> Self {
        Self { name: text(&dependency["name"]), only_for_tests: dependency["kind"] == "dev" }
    }
}

fn is_binary(target: &Value) -> bool {
    items(&target["kind"]).any(|kind| kind == "bin")
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn path(value: &Value) -> PathBuf {
    text(value).into()
}
