//! `ghostlight demo`: a crawl of pages on the local disk.
//!
//! Each step is a plain function or value that knows no actor. A page goes this way:
//!
//! 1. [`walk`] finds its file, [`mod@file`] reads it within limits;
//! 2. [`page`] reads the text: [`html`] (and [`markdown`], by way of HTML) collect what it shows
//!    and where it links to;
//! 3. [`words`] cuts the text into terms, [`terms`] counts them, sorted by shard;
//! 4. [`link`] says where each link leads;
//! 5. [`batch`] adds up 3 and 4 for tens of pages, which then go
//! 6. to the shards of the [`index`], and to the checker of the [`links`];
//! 7. [`outcome`] is what comes together in the end, [`summary`] shows it.
//!
//! [`crawl`] distributes these steps among actors, [`baseline`] takes them one after the other.
//! [`failed`] says why a file is no page; it costs nothing but itself. [`poison`] has pages that cost
//! more, to show that nothing follows from it. [`interrupt`] hears Ctrl-C.

mod baseline;
mod batch;
mod crawl;
mod failed;
mod file;
mod html;
mod index;
mod interner;
mod interrupt;
mod kept;
mod link;
mod links;
mod markdown;
mod name;
mod outcome;
mod page;
mod poison;
mod progress;
mod run;
mod summary;
mod terms;
mod tree;
mod walk;
mod words;

pub(crate) use run::run;
