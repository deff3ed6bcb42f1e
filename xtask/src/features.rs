//! Each feature alone: what a user may turn on by itself must build by itself.

use std::path::Path;

use serde_json::Value;

use crate::{
    process,
    step::{Outcome, run_lines},
};

/// Builds every crate once for each of its features.
pub(crate) fn check(root: &Path) -> Outcome {
    let mut ask = process::command(root, ".", "cargo");
    ask.args(["metadata", "--no-deps", "--format-version=1"]);
    let Some(metadata) = process::output(ask).and_then(|it| serde_json::from_str(&it).ok()) else {
        return Outcome::Failed("cargo metadata".to_owned());
    };
    let lines = lines(&metadata);
    if lines.is_empty() {
        return Outcome::Passed("no crate has any".to_owned());
    }
    run_lines(root, lines.iter().map(|it| (".", &**it)))
}

fn lines(metadata: &Value) -> Vec<String> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    packages
        .flat_map(|package| {
            let name = package["name"].as_str().unwrap_or_default();
            let features = package["features"].as_object().into_iter().flatten();
            features.map(|it| it.0).filter(|it| *it != "default").map(move |feature| {
                format!("cargo check -q -p {name} --no-default-features --features {feature}")
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_feature_but_the_default_is_built_alone() {
        let metadata = json!({ "packages": [
            { "name": "plain", "features": {} },
            { "name": "rich", "features": { "default": ["one"], "one": [], "two": [] } },
        ]});
        assert_eq!(
            lines(&metadata),
            [
                "cargo check -q -p rich --no-default-features --features one",
                "cargo check -q -p rich --no-default-features --features two",
            ]
        );
    }
}
