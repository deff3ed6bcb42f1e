//! A table of links, as pages write them.

use super::{Link, Origin};

/// Where `href` leads from `page`: a path, or what kind of link it is.
fn resolve(page: &str, base: Option<&str>, href: &str) -> String {
    let mut target = "left over".to_owned();
    match Origin::of(page, base).resolve(href, &mut target) {
        Link::Local => target,
        other => format!("{other:?}"),
    }
}

#[track_caller]
fn check(page: &str, table: &[(&str, &str)]) {
    for (href, expected) in table {
        assert_eq!(resolve(page, None, href), *expected, "{href} on {page}");
    }
}

#[test]
fn a_relative_link_starts_at_the_pages_directory() {
    check(
        "std/vec/index.html",
        &[
            ("struct.Vec.html", "std/vec/struct.Vec.html"),
            ("./struct.Vec.html", "std/vec/struct.Vec.html"),
            ("../string/struct.String.html", "std/string/struct.String.html"),
            ("../../book/ch01.html", "book/ch01.html"),
            ("a//b.html", "std/vec/a/b.html"),
            ("a/./b/../c.html", "std/vec/a/c.html"),
        ],
    );
    check("index.html", &[("a.html", "a.html"), ("b/c.html", "b/c.html")]);
}

#[test]
fn queries_and_fragments_are_cut_off() {
    check(
        "a/b.html",
        &[
            ("c.html#top", "a/c.html"),
            ("c.html?search=x", "a/c.html"),
            ("c.html?x#y?z", "a/c.html"),
            ("c.html#a/../b", "a/c.html"),
        ],
    );
}

#[test]
fn a_link_to_the_page_itself_needs_no_check() {
    check("a/b.html", &["", "#", "#top", "?search=x", "  "].map(|it| (it, "SamePage")));
}

#[test]
fn a_link_to_a_directory_means_its_index() {
    check(
        "a/b/c.html",
        &[
            ("d/", "a/b/d/index.html"),
            (".", "a/b/index.html"),
            ("./", "a/b/index.html"),
            ("..", "a/index.html"),
            ("../../", "index.html"),
            ("../d/#x", "a/d/index.html"),
        ],
    );
}

#[test]
fn a_link_that_begins_with_a_slash_starts_at_the_root() {
    check("a/b.html", &[("/c.html", "c.html"), ("/", "index.html"), ("/../x", "Outside")]);
}

#[test]
fn a_link_that_leaves_the_root_is_outside_even_if_it_comes_back() {
    check(
        "a/b.html",
        &[
            ("../../x.html", "Outside"),
            ("../../html/a/b.html", "Outside"),
            ("..%2f..%2fsecret", "Outside"),
            ("%2e%2e/%2e%2e/secret", "Outside"),
        ],
    );
}

#[test]
fn a_link_with_a_scheme_or_a_host_is_external() {
    let external = [
        "https://www.rust-lang.org/",
        "HTTP://x",
        "mailto:a@b",
        "javascript:void(0)",
        "data:image/png;base64,xyz",
        "//host/path",
        "view-source+x.y:z",
    ];
    check("a.html", &external.map(|it| (it, "External")));
}

#[test]
fn a_colon_later_in_a_name_is_no_scheme() {
    check("a.html", &[("x/y:z.html", "x/y:z.html"), ("1:2.html", "1:2.html"), (":x", ":x")]);
}

#[test]
fn escaped_bytes_are_decoded() {
    check(
        "a.html",
        &[
            ("my%20page.html", "my page.html"),
            ("stra%C3%9Fe.html", "straße.html"),
            ("100%.html", "100%.html"),
            ("%zz.html", "%zz.html"),
            ("%ff.html", "\u{fffd}.html"),
            ("a%23b.html", "a#b.html"),
        ],
    );
}

#[test]
fn surrounding_space_is_ignored() {
    check("a.html", &[(" b.html\n", "b.html"), ("\t#x", "SamePage")]);
}

#[test]
fn a_base_moves_relative_links_and_no_others() {
    let table = [
        ("/x/", "b.html", "x/b.html"),
        ("x/y.html", "b.html", "a/x/b.html"),
        ("..", "b.html", "b.html"),
        ("x", "/b.html", "b.html"),
        ("https://example.org/", "b.html", "External"),
        ("https://example.org/", "/b.html", "External"),
        ("../../..", "b.html", "Outside"),
        ("#x", "b.html", "a/b.html"),
        ("x/", "https://example.org/", "External"),
    ];
    for (base, href, expected) in table {
        assert_eq!(resolve("a/page.html", Some(base), href), expected, "{href} with {base}");
    }
}

#[test]
fn a_path_too_long_for_any_file_is_cut() {
    let (long, cut) = ("é".repeat(5_000), "é".repeat(2_048));
    check("a.html", &[(&long, &cut)]);
}
