//! Copies of trees: what is in them, where the poison lies, and what becomes of them.

use super::*;
use crate::demo::{failed::Failed, file, page::Kind, walk::walk};

fn write(root: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn tree_of(files: &[&str]) -> (TempDir, Tree) {
    let dir = tempfile::tempdir().unwrap();
    files.iter().for_each(|name| write(dir.path(), name, *name));
    let tree = Tree::find(Some(dir.path())).unwrap();
    (dir, tree)
}

fn poison(tree: &Tree, n_pages: u32) -> Poisoned {
    Poisoned::copy_of(tree, n_pages, || false).unwrap()
}

/// The names of all pages, in order.
fn pages(tree: &Tree) -> Vec<String> {
    let mut pages: Vec<String> = walk(tree).map(|it| it.unwrap().page.into()).collect();
    pages.sort();
    pages
}

/// How many pages come to lie in each of the directories.
#[track_caller]
fn check_spread(n_pages: u32, n_dirs: usize, expected: &[u32]) {
    let mut n_in = vec![0; n_dirs];
    (1..=n_pages).for_each(|number| n_in[nth_dir(number, n_pages, n_dirs)] += 1);
    assert_eq!(n_in, expected, "{n_pages} in {n_dirs}");
}

#[test]
fn poison_is_spread_evenly() {
    check_spread(1, 3, &[1, 0, 0]);
    check_spread(2, 4, &[1, 0, 1, 0]);
    check_spread(3, 3, &[1, 1, 1]);
    check_spread(7, 3, &[3, 2, 2]);
    check_spread(20, 1, &[20]);
    check_spread(100_000, 2, &[50_000, 50_000]);
}

#[test]
fn the_copy_has_the_same_names_and_the_poison_and_the_tree_stays_as_it_is() {
    let (dir, tree) = tree_of(&["a.html", "b/c.md", "b/style.css"]);
    let poisoned = poison(&tree, 3);
    let planted = ["b/ghostlight-poison-03.html", "ghostlight-poison-01.html"];
    let expected =
        ["a.html", "b/c.md", planted[0], planted[1], "ghostlight-poison-02.html"].map(String::from);
    assert_eq!(pages(&poisoned.tree), expected);
    assert_eq!(fs::read(poisoned.tree.root.join("b/style.css")).unwrap(), b"b/style.css");
    assert_eq!(pages(&tree), ["a.html", "b/c.md"]);
    assert_eq!(fs::read(dir.path().join("a.html")).unwrap(), b"a.html");
}

#[test]
fn many_are_numbered_alike() {
    let (_dir, tree) = tree_of(&[]);
    let pages = pages(&poison(&tree, 100).tree);
    let ends = (pages.first().unwrap().as_str(), pages.last().unwrap().as_str());
    assert_eq!(ends, ("ghostlight-poison-001.html", "ghostlight-poison-100.html"));
}

#[test]
fn the_copy_goes_when_nobody_needs_it() {
    let (_dir, tree) = tree_of(&["a.html"]);
    let poisoned = poison(&tree, 1);
    let copy = poisoned.tree.root.clone();
    assert!(copy.join("a.html").is_file());
    drop(poisoned);
    assert!(!copy.exists());
}

#[test]
fn nothing_is_planted_over_a_file_of_the_users() {
    let (dir, tree) = tree_of(&["ghostlight-poison-01.html"]);
    let error = Poisoned::copy_of(&tree, 1, || false).unwrap_err().to_string();
    assert_eq!(error, "cannot plant ghostlight-poison-01.html: File exists (os error 17)");
    let text = fs::read_to_string(dir.path().join("ghostlight-poison-01.html")).unwrap();
    assert_eq!(text, "ghostlight-poison-01.html");
}

#[test]
fn a_copy_that_is_cancelled_is_none() {
    let (_dir, tree) = tree_of(&["a.html"]);
    let error = Poisoned::copy_of(&tree, 1, || true).unwrap_err();
    assert!(matches!(error, PoisonError::Cancelled), "{error}");
}

#[cfg(unix)]
#[test]
fn symbolic_links_lead_where_they_led() {
    use std::os::unix::fs::symlink;
    let (outside, _) = tree_of(&["there.html"]);
    let (dir, tree) = tree_of(&["a/b.html"]);
    let link = |to: &Path, name: &str| symlink(to, dir.path().join(name)).unwrap();
    link(Path::new("a"), "near");
    link(outside.path(), "far");
    link(Path::new("gone"), "dangling.html");
    link(Path::new("loop.html"), "loop.html");
    let poisoned = poison(&tree, 1);
    for target in ["near/b.html", "far/there.html", "far/gone.html", "dangling.html", "loop.html"] {
        let is_there = |tree: &Tree| file::is_there(&tree.root, target);
        assert_eq!(is_there(&poisoned.tree), is_there(&tree), "{target}");
    }
    assert_eq!(pages(&poisoned.tree), ["a/b.html", "ghostlight-poison-01.html"]);
}

#[cfg(unix)]
#[test]
fn files_on_the_same_disk_are_not_copied_but_linked() {
    use std::os::unix::fs::MetadataExt as _;
    let (dir, tree) = tree_of(&["a.html"]);
    let poisoned = poison(&tree, 1);
    let inode = |root: &Path| fs::metadata(root.join("a.html")).unwrap().ino();
    assert_eq!(inode(dir.path()), inode(&poisoned.tree.root));
}

#[test]
fn only_poison_is_deadly_and_as_a_page_it_is_like_any_other() {
    let source = |page, text| Source { page, kind: Kind::Html, text };
    let mut batch = Batch::default();
    let mut parser = PageParser::default();
    parse(&mut parser, &source("ghostlight-poison-01.html", "an antidote"), &mut batch);
    assert_eq!((batch.pages, batch.words), (1, 2));
    parser.parse(&source("innocent.html", PAGE), &mut batch);
    assert_eq!((batch.pages, batch.failed), (2, Vec::<Failed>::new()));
    let died = std::panic::catch_unwind(|| {
        parse(&mut PageParser::default(), &source("innocent.html", PAGE), &mut Batch::default());
    });
    assert_eq!(died.unwrap_err().downcast_ref(), Some(&LAST_WORDS));
}

#[test]
fn the_label_counts() {
    assert_eq!([label(1), label(20)], [", with 1 poison file", ", with 20 poison files"]);
}
