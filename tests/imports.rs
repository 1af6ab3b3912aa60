//! Imports between the files of `src` go one way: `binding → engine → protocol`, and no file reaches itself
//! by the imports of others. Modules of unit tests do not count.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// From the lowest layer to the highest: a file imports of its own and of lower ones.
const LAYERS: [&str; 3] = ["protocol", "engine", "binding"];

/// A module's path within the crate: `["engine", "shard"]`.
type Module = Vec<String>;

/// Each module that is a file, with those that it imports from.
type Graph = BTreeMap<Module, BTreeSet<Module>>;

/// The modules of `src`, with their texts.
fn sources() -> BTreeMap<Module, String> {
    fn collect(folder: &Path, at: &[String], found: &mut BTreeMap<Module, String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let mut module = at.to_vec();
            if name != "mod" && name != "lib" {
                module.push(name);
            }
            if path.is_dir() {
                collect(&path, &module, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.insert(module, fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    collect(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &[],
        &mut found,
    );
    found
}

/// The text without comments and without the module of unit tests at its end.
fn code(text: &str) -> String {
    let end = text.find("\nmod tests {");
    let lines = text[..end.unwrap_or(text.len())].lines();
    lines
        .flat_map(|l| [l.split("//").next().unwrap_or(l), "\n"])
        .collect()
}

/// The paths that a text names, from `crate`, `super` or whatever a `use` begins with.
fn paths(code: &str) -> Vec<Module> {
    let mut found = Vec::new();
    for (at, _) in code.char_indices() {
        let (before, rest) = code.split_at(at);
        let is_word = before.ends_with(|c: char| c.is_alphanumeric() || "_:$".contains(c));
        let begins = ["crate::", "super::"]
            .iter()
            .any(|start| rest.starts_with(start));
        if !is_word && begins && !before.ends_with("(in ") {
            expand(rest, &[], &mut found);
        } else if !is_word && let Some(path) = rest.strip_prefix("use ") {
            expand(path.trim_start(), &[], &mut found);
        }
    }
    found
}

/// Adds each path that `text` begins with, groups in braces taken apart; returns what is behind it.
fn expand<'a>(text: &'a str, prefix: &[String], found: &mut Vec<Module>) -> &'a str {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '*';
    let length = text.find(|c| !is_part(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(length);
    let mut path = prefix.to_vec();
    if !name.is_empty() {
        path.push(name.to_owned());
    }
    if let Some(mut rest) = rest.strip_prefix('{') {
        loop {
            rest = expand(rest.trim_start(), &path, found);
            // What is between one element and the next, `as Name` too.
            let next = rest.find([',', '}']).expect("a brace that is closed");
            let is_last = rest[next..].starts_with('}');
            rest = rest[next + 1..].trim_start();
            if is_last || rest.starts_with('}') {
                return rest.strip_prefix('}').filter(|_| !is_last).unwrap_or(rest);
            }
        }
    }
    match rest.strip_prefix("::") {
        Some(rest) => expand(rest, &path, found),
        None => {
            found.push(path);
            rest
        }
    }
}

/// The module that `path` leads to from `module`: the innermost that is a file. `None` where it leads out of
/// the crate.
fn resolve(path: &[String], module: &Module, sources: &BTreeMap<Module, String>) -> Option<Module> {
    let supers = path.iter().take_while(|name| *name == "super").count();
    let mut target = match path.first()?.as_str() {
        "crate" => path[1..].to_vec(),
        "super" => [&module[..module.len() - supers], &path[supers..]].concat(),
        "self" => [module, &path[1..]].concat(),
        _ => {
            let child = [module, &path[..1]].concat();
            sources.contains_key(&child).then_some(())?;
            [module, path].concat()
        }
    };
    while !sources.contains_key(&target) {
        target.pop();
    }
    Some(target)
}

/// The graph of `src`.
fn graph() -> Graph {
    let sources = sources();
    let imports = |module: &Module, text: &String| {
        let paths = paths(&code(text));
        let targets = paths
            .iter()
            .filter_map(|path| resolve(path, module, &sources));
        targets.filter(|target| target != module).collect()
    };
    let edges = sources
        .iter()
        .map(|(module, text)| (module.clone(), imports(module, text)));
    edges.collect()
}

/// All that `module` imports from, and that those do.
fn reached(module: &Module, graph: &Graph) -> BTreeSet<Module> {
    let (mut seen, mut next) = (BTreeSet::new(), vec![module]);
    while let Some(from) = next.pop() {
        for target in &graph[from] {
            if seen.insert(target.clone()) {
                next.push(target);
            }
        }
    }
    seen
}

#[test]
fn paths_are_found_in_groups_and_in_expressions() {
    let text =
        "use super::a::{self, B, c::{D, E as F}}; pub use g::H;\nlet x = crate::i::J::new();";
    let found: Vec<_> = paths(text).iter().map(|path| path.join("::")).collect();
    let expected = [
        "super::a::self",
        "super::a::B",
        "super::a::c::D",
        "super::a::c::E",
        "g::H",
        "crate::i::J::new",
    ];
    for path in expected {
        assert!(
            found.iter().any(|f| f == path),
            "{path} is not among {found:?}"
        );
    }
}

#[test]
fn no_file_imports_from_a_higher_layer() {
    let layer = |module: &Module| {
        LAYERS
            .iter()
            .position(|name| Some(*name) == module.first().map(String::as_str))
    };
    for (module, targets) in graph() {
        for target in targets {
            assert!(
                layer(&target) <= layer(&module) || module.is_empty(),
                "{module:?} imports from {target:?}"
            );
        }
    }
}

#[test]
fn no_file_reaches_itself() {
    let graph = graph();
    assert!(graph.len() > 50, "{} files", graph.len());
    let cyclic = graph
        .keys()
        .filter(|module| reached(module, &graph).contains(*module));
    let names: Vec<_> = cyclic.map(|module| module.join("/")).collect();
    assert!(
        names.is_empty(),
        "these files import from each other: {names:?}"
    );
}
