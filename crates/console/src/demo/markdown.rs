//! Reads Markdown: it is rendered to HTML and read as that, so both kinds have one reader.

use pulldown_cmark::{Options, Parser};

use super::{
    html,
    page::{Page, TooDeep},
};

/// Appends what `source` shows and links to.
pub(super) fn read(source: &str, page: &mut Page) -> Result<(), TooDeep> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES;
    let mut rendered = String::with_capacity(source.len() * 3 / 2);
    pulldown_cmark::html::push_html(&mut rendered, Parser::new_ext(source, options));
    html::read(&rendered, page)
}
