//! The layers that `src/lib.rs` names, held against the imports of the source.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{ok, root};

/// The layer of every top-level module: the numbered lines below `# Layers`.
fn layers() -> BTreeMap<String, usize> {
    let text = ok(std::fs::read_to_string(root().join("src/lib.rs")));
    let lines = text
        .lines()
        .map(|line| line.trim_start_matches("//!").trim())
        .skip_while(|line| *line != "# Layers")
        .skip(1)
        .take_while(|line| !line.starts_with('#'));
    let numbered = lines.filter_map(|line| {
        let (number, names) = line.split_once(". ")?;
        Some((number.parse::<usize>().ok()?, names))
    });
    let mut layers = BTreeMap::new();
    for (layer, names) in numbered {
        for name in names.split("[`").skip(1).filter_map(|name| name.split("`]").next()) {
            assert_eq!(
                layers.insert(name.to_string(), layer),
                None,
                "`{name}` is in two layers"
            );
        }
    }
    layers
}

/// All Rust files below a folder, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = ok(std::fs::read_dir(folder)).map(|entry| ok(entry).path()).collect();
    entries.sort();
    let inside = |path: PathBuf| match path.is_dir() {
        true => files(&path),
        false => vec![path],
    };
    let all = entries.into_iter().flat_map(inside);
    all.filter(|path| path.extension().is_some_and(|kind| kind == "rs"))
        .collect()
}

/// The files and folders of modules that a file declares for tests only.
fn declared_for_tests(path: &Path, text: &str) -> Vec<PathBuf> {
    let stem = path.file_stem().unwrap_or_default();
    let folder = match stem == "mod" || stem == "lib" {
        true => path.with_file_name(""),
        false => path.with_extension(""),
    };
    let lines: Vec<&str> = text.lines().collect();
    let declarations = lines
        .windows(2)
        .filter(|pair| pair[0].trim().starts_with("#[cfg(") && pair[0].contains("test"));
    let names = declarations.filter_map(|pair| pair[1].split_once("mod ")?.1.strip_suffix(';'));
    names
        .flat_map(|name| [folder.join(format!("{name}.rs")), folder.join(name)])
        .collect()
}

/// The lines of a file outside of its tests, without comments and numbered from 1.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = text
        .find("#[cfg(test)]\nmod tests {")
        .map_or(usize::MAX, |at| text[..at].lines().count());
    let lines = text.lines().take(end).enumerate();
    lines.map(|(i, line)| (i + 1, line.split("//").next().unwrap_or(line)))
}

/// The top-level modules that a line names.
fn named(line: &str) -> impl Iterator<Item = &str> {
    line.split("crate::")
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next())
}

#[test]
fn modules_import_from_lower_layers_only() {
    let (layers, source) = (layers(), root().join("src"));
    let texts: Vec<(PathBuf, String)> = files(&source)
        .into_iter()
        .map(|path| {
            let text = ok(std::fs::read_to_string(&path));
            (path, text)
        })
        .collect();
    let tests: Vec<PathBuf> = texts
        .iter()
        .flat_map(|(path, text)| declared_for_tests(path, text))
        .collect();
    let mut faults = Vec::new();
    for (path, text) in &texts {
        let inner = ok(path.strip_prefix(&source));
        let top = inner.components().next().map(|part| part.as_os_str().to_string_lossy());
        let top = top.unwrap_or_default().trim_end_matches(".rs").to_string();
        if ["lib", "main"].contains(&top.as_str()) || tests.iter().any(|test| path.starts_with(test)) {
            continue;
        }
        let Some(own) = layers.get(&top) else {
            faults.push(format!("`{top}` has no layer in src/lib.rs"));
            continue;
        };
        for (number, line) in code(text) {
            for other in named(line).filter(|other| *other != top) {
                if layers.get(other).is_some_and(|layer| layer >= own) {
                    faults.push(format!("src/{}:{number}: `{top}` imports `{other}`", inner.display()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
