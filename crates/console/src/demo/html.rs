//! Reads HTML: a tokenizer's events, sorted into a page's text and links.

use html5gum::{Emitter, Error, State, Tokenizer};

use super::{
    name::Name,
    page::{MAX_DEPTH, Page, TooDeep},
};

/// Appends what `source` shows and links to.
pub(super) fn read(source: &str, page: &mut Page) -> Result<(), TooDeep> {
    let mut events = Tokenizer::new_with_emitter(source, Events::new(page));
    match events.next() {
        // The only token is the complaint that ends it.
        Some(Ok(TooDeep)) => Err(TooDeep),
        None => Ok(()),
    }
}

/// Receives what the tokenizer finds, and is where it is kept until a tag is complete.
struct Events<'a> {
    page: &'a mut Page,
    /// Elements that are open.
    depth: u32,
    /// Whether the text is that of a script or a style sheet.
    is_hidden: bool,
    tag: Tag,
    /// Which end tag ends the text of a script.
    last_start: Name,
    attribute: Name,
    /// Whether the attribute's value is a link, and being written to the page.
    is_link: bool,
}

#[derive(Default)]
struct Tag {
    name: Name,
    is_end: bool,
    is_self_closing: bool,
    has_link: bool,
}

impl<'a> Events<'a> {
    fn new(page: &'a mut Page) -> Self {
        Self {
            page,
            depth: 0,
            is_hidden: false,
            tag: Tag::default(),
            last_start: Name::default(),
            attribute: Name::default(),
            is_link: false,
        }
    }

    fn init_tag(&mut self, is_end: bool) {
        self.tag = Tag { is_end, ..Tag::default() };
        self.is_link = false;
    }

    fn count_depth(&mut self) {
        if self.tag.is_self_closing || is_never_deep(self.tag.name.as_bytes()) {
            return;
        }
        if self.tag.is_end {
            self.depth = self.depth.saturating_sub(1);
        } else {
            self.depth += 1;
        }
    }

    /// Keeps or drops the link that was written to the page while its tag was incomplete.
    fn end_link(&mut self) {
        let start = self.page.href_ends.last().copied().unwrap_or(0);
        let href = &self.page.hrefs[start..];
        let is_base = self.tag.name.as_bytes() == b"base";
        if is_base && self.page.base.is_none() {
            self.page.base = Some(String::from_utf8_lossy(href).into_owned());
        }
        // A page's scripts invent places on it, so those are not checked: see `link`.
        if is_base || href.starts_with(b"#") {
            self.page.hrefs.truncate(start);
        } else {
            self.page.href_ends.push(self.page.hrefs.len());
        }
    }
}

impl Emitter for Events<'_> {
    type Token = TooDeep;

    #[inline]
    fn should_emit_errors(&mut self) -> bool {
        false
    }

    #[inline]
    fn pop_token(&mut self) -> Option<TooDeep> {
        (MAX_DEPTH < self.depth).then_some(TooDeep)
    }

    #[inline]
    fn emit_string(&mut self, text: &[u8]) {
        if !self.is_hidden {
            self.page.text.extend_from_slice(text);
        }
    }

    #[inline]
    fn init_start_tag(&mut self) {
        self.init_tag(false);
    }

    #[inline]
    fn init_end_tag(&mut self) {
        self.init_tag(true);
    }

    #[inline]
    fn push_tag_name(&mut self, name: &[u8]) {
        self.tag.name.push(name);
    }

    #[inline]
    fn set_self_closing(&mut self) {
        self.tag.is_self_closing = true;
    }

    #[inline]
    fn init_attribute(&mut self) {
        self.attribute = Name::default();
        self.is_link = false;
    }

    #[inline]
    fn push_attribute_name(&mut self, name: &[u8]) {
        self.attribute.push(name);
    }

    #[inline]
    fn init_attribute_value(&mut self) {
        // Of two equal attributes the first counts.
        if !self.tag.has_link && leads_somewhere(&self.tag, self.attribute.as_bytes()) {
            // An earlier tag may have ended with the file, or in a comment, before it was complete.
            self.page.hrefs.truncate(self.page.href_ends.last().copied().unwrap_or(0));
            self.tag.has_link = true;
            self.is_link = true;
        }
    }

    #[inline]
    fn push_attribute_value(&mut self, value: &[u8]) {
        if self.is_link {
            self.page.hrefs.extend_from_slice(value);
        }
    }

    #[inline]
    fn emit_current_tag(&mut self) -> Option<State> {
        self.is_hidden = false;
        if self.page.text.last().is_some_and(|&it| it != b' ') {
            self.page.text.push(b' ');
        }
        self.count_depth();
        if self.tag.is_end {
            return None;
        }
        if self.tag.has_link {
            self.end_link();
        }
        self.last_start = self.tag.name;
        let next = state_after(self.tag.name.as_bytes());
        self.is_hidden = matches!(next, Some(State::ScriptData | State::RawText));
        next
    }

    fn current_is_appropriate_end_tag_token(&mut self) -> bool {
        self.tag.is_end && self.tag.name == self.last_start
    }

    fn set_last_start_tag(&mut self, name: Option<&[u8]>) {
        self.last_start = Name::default();
        self.last_start.push(name.unwrap_or_default());
    }

    // Comments, document types and mistakes are neither shown nor links.
    fn emit_eof(&mut self) {}
    fn emit_error(&mut self, _: Error) {}
    fn init_comment(&mut self) {}
    fn push_comment(&mut self, _: &[u8]) {}
    fn emit_current_comment(&mut self) {}
    fn init_doctype(&mut self) {}
    fn push_doctype_name(&mut self, _: &[u8]) {}
    fn set_force_quirks(&mut self) {}
    fn set_doctype_public_identifier(&mut self, _: &[u8]) {}
    fn set_doctype_system_identifier(&mut self, _: &[u8]) {}
    fn push_doctype_public_identifier(&mut self, _: &[u8]) {}
    fn push_doctype_system_identifier(&mut self, _: &[u8]) {}
    fn emit_current_doctype(&mut self) {}
}

/// Whether this attribute's value is a link that a reader or the page itself follows.
fn leads_somewhere(tag: &Tag, attribute: &[u8]) -> bool {
    if tag.is_end {
        return false;
    }
    let tag = tag.name.as_bytes();
    match attribute {
        b"href" => matches!(tag, b"a" | b"area" | b"base" | b"link"),
        b"src" => matches!(
            tag,
            b"audio" | b"embed" | b"iframe" | b"img" | b"script" | b"source" | b"track" | b"video"
        ),
        _ => false,
    }
}

/// How the text after a start tag is to be read. A reader without scripts sees inside `noscript`.
fn state_after(tag: &[u8]) -> Option<State> {
    match tag {
        b"title" | b"textarea" => Some(State::RcData),
        b"script" => Some(State::ScriptData),
        b"style" | b"xmp" | b"iframe" | b"noembed" | b"noframes" => Some(State::RawText),
        b"plaintext" => Some(State::PlainText),
        _ => None,
    }
}

/// Elements that have no end tag, or may lack it and are then ended by their neighbour.
///
/// They cannot nest in themselves without one of the others between them.
fn is_never_deep(tag: &[u8]) -> bool {
    matches!(
        tag,
        b"area" | b"base" | b"br" | b"col" | b"embed" | b"hr" | b"img" | b"input" | b"link"
        | b"meta" | b"source" | b"track" | b"wbr"
        // Those above have no end tag, those below may lack it.
        | b"html" | b"head" | b"body" | b"p" | b"li" | b"dt" | b"dd" | b"tr" | b"td" | b"th"
        | b"thead" | b"tbody" | b"tfoot" | b"caption" | b"colgroup" | b"option" | b"optgroup"
        | b"rt" | b"rp"
    )
}
