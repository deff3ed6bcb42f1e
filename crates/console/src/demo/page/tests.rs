//! What is read from a page: tables of sources, their words and their links.

use super::{Kind, MAX_DEPTH, Page, TooDeep};

fn read(kind: Kind, source: &str) -> (Vec<String>, Vec<String>) {
    let mut page = Page::default();
    page.read(kind, source).unwrap();
    let text = page.text().split_whitespace().map(str::to_owned).collect();
    (text, page.hrefs().map(str::to_owned).collect())
}

#[track_caller]
fn check_text(source: &str, expected: &[&str]) {
    assert_eq!(read(Kind::Html, source).0, expected, "{source}");
}

#[track_caller]
fn check_links(source: &str, expected: &[&str]) {
    assert_eq!(read(Kind::Html, source).1, expected, "{source}");
}

fn read_depth(source: &str) -> Result<(), TooDeep> {
    Page::default().read(Kind::Html, source)
}

#[test]
fn a_page_is_known_by_its_extension() {
    let table = [
        ("a.html", Some(Kind::Html)),
        ("a.HTM", Some(Kind::Html)),
        ("a.xhtml", Some(Kind::Html)),
        ("a.b.md", Some(Kind::Markdown)),
        ("a.Markdown", Some(Kind::Markdown)),
        ("html", None),
        ("a.txt", None),
        (".html", None),
    ];
    for (name, expected) in table {
        assert_eq!(Kind::of(name.as_ref()), expected, "{name}");
    }
}

#[test]
fn text_is_what_a_reader_sees() {
    check_text("", &[]);
    check_text("just text", &["just", "text"]);
    check_text("<title>A</title><p>one<p>two", &["A", "one", "two"]);
    check_text("a<!-- hidden -->b", &["ab"]);
    check_text("<!DOCTYPE html>x", &["x"]);
    check_text("<img alt='not text'>x", &["x"]);
    check_text("a < b", &["a", "<", "b"]);
}

#[test]
fn a_tag_ends_a_word_and_a_character_reference_does_not() {
    check_text("from<wbr>utf8", &["from", "utf8"]);
    check_text("<b>bo</b>ld", &["bo", "ld"]);
    check_text("na&iuml;ve &lt;T&gt; A&#66;C", &["naïve", "<T>", "ABC"]);
}

#[test]
fn scripts_and_styles_are_not_text() {
    check_text("<script>if (a < b) '<p>' </script>x", &["x"]);
    check_text("<style>p > a {}</style>x", &["x"]);
    check_text("<SCRIPT src=a.js></SCRIPT>x", &["x"]);
    check_text("<iframe><p>old</iframe>x", &["x"]);
    check_text("<script>never ended <p>x", &[]);
    check_text("<textarea><p>&amp;</textarea>x", &["<p>&", "x"]);
}

#[test]
fn a_reader_without_scripts_sees_inside_noscript() {
    check_text("<noscript><p>enable</p></noscript>", &["enable"]);
    check_links("<noscript><link href=a.css></noscript>", &["a.css"]);
}

#[test]
fn links_are_taken_where_they_lead_somewhere() {
    check_links("<a href=one.html>x</a><a class='y' href='two.html'>", &["one.html", "two.html"]);
    check_links(
        "<link href=a.css><script src=b.js></script><img src=c.png>",
        &["a.css", "b.js", "c.png"],
    );
    check_links("<div href=x></div><a src=y></a><p data-href=z>", &[]);
    check_links("<A HREF=\"x.html\">", &["x.html"]);
    check_links("<a href='?a=1&amp;b=2'>", &["?a=1&b=2"]);
    check_links("<a href>x</a><a href=''>", &[""]);
}

#[test]
fn the_first_of_two_equal_attributes_counts() {
    check_links("<a href=one href=two>", &["one"]);
}

#[test]
fn a_link_that_is_no_tag_is_no_link() {
    check_links("<!-- <a href=x> --><script>'<a href=y>'</script>", &[]);
    check_links("</a href=x>", &[]);
    check_links("<a href=unfinished", &[]);
    check_links("<a href=one><a href='unfinished", &["one"]);
}

#[test]
fn places_on_the_page_itself_are_left_out() {
    check_links("<a href=#top><a href='#'><a href=x#top>", &["x#top"]);
}

#[test]
fn the_first_base_is_kept_and_is_no_link() {
    let mut page = Page::default();
    page.read(Kind::Html, "<base href=one/><base href=two/><a href=x>").unwrap();
    assert_eq!(page.base(), Some("one/"));
    assert!(page.hrefs().eq(["x"]));
    page.read(Kind::Html, "<a href=y>").unwrap();
    assert_eq!(page.base(), None);
    assert!(page.hrefs().eq(["y"]));
}

#[test]
fn markdown_is_read_as_what_it_renders_to() {
    let source = "# Title\n\nSome *text*, [a link](b.html \"t\") and <a href='c.html'>HTML</a>.\n\n\
                  ![alt](d.png) [ref]\n\n```rust\nlet x;\n```\n\n[ref]: e.html\n";
    let (text, links) = read(Kind::Markdown, source);
    let expected = "Title Some text , a link and HTML . ref let x;";
    assert_eq!(text.join(" "), expected);
    assert_eq!(links, ["b.html", "c.html", "d.png", "e.html"]);
}

#[test]
fn nesting_costs_nothing_up_to_its_limit() {
    let max = MAX_DEPTH as usize;
    assert_eq!(read_depth(&"<div>".repeat(max)), Ok(()));
    assert_eq!(read_depth(&"<div>".repeat(max + 1)), Err(TooDeep));
    assert_eq!(read_depth(&"<div>".repeat(1_000_000)), Err(TooDeep));
    let pairs = format!("{}{}", "<b>".repeat(max), "</b>".repeat(max)).repeat(3);
    assert_eq!(read_depth(&pairs), Ok(()));
}

#[test]
fn elements_that_may_lack_their_end_do_not_nest() {
    let many = MAX_DEPTH as usize * 2;
    for tag in ["<p>", "<li>", "<br>", "<td>", "<img src=x>", "<path/>", "</div>"] {
        assert_eq!(read_depth(&tag.repeat(many)), Ok(()), "{tag}");
    }
}

#[test]
fn nesting_in_markdown_has_the_same_limit() {
    let mut page = Page::default();
    let deep = ">".repeat(MAX_DEPTH as usize + 1) + "x";
    assert_eq!(page.read(Kind::Markdown, &deep), Err(TooDeep));
}

#[test]
fn any_bytes_are_some_page() {
    let odd = ["<", "</", "<!", "<!-", "<a", "<a b", "<a href", "&", "&#", "&#x;", "\0", "<\0>"];
    for source in odd {
        let mut page = Page::default();
        assert_eq!(page.read(Kind::Html, source), Ok(()), "{source:?}");
        assert_eq!(page.read(Kind::Markdown, source), Ok(()), "{source:?}");
    }
}
