//! The frontier: files that were found and are still to be read.

use std::mem;

use ghostlight::{Actor, Context, Failure, Handler, Message};
use ghostlight_rt::{Blocking, Runtime};

use crate::demo::{batch::MAX_PAGES, failed::Failed, tree::Tree, walk, walk::Found};

/// A file, or a place that cannot be searched.
pub(super) type Find = Result<Found, Failed>;

type Walk = Box<dyn Iterator<Item = Find> + Send>;

/// Owns the walk, which is one answer ahead and waits there until somebody asks.
#[derive(Actor)]
#[actor(handles(NextFiles, Close, IsCut))]
pub(super) struct Frontier {
    state: State,
    is_cut: bool,
}

enum State {
    Unasked(Walk),
    Ahead(Blocking<(Walk, Vec<Find>)>),
    Over,
}

/// Asks for the next files; none are left if there are none in the answer.
#[derive(Debug, Message)]
#[message(reply = Vec<Find>)]
pub(super) struct NextFiles;

/// Tells that no more files are wanted.
#[derive(Debug, Message)]
pub(super) struct Close;

/// Asks whether files were left out because of [`Close`].
#[derive(Debug, Message)]
#[message(reply = bool)]
pub(super) struct IsCut;

impl Frontier {
    pub(super) fn of(tree: &Tree) -> Self {
        Self { state: State::Unasked(Box::new(walk::walk(tree))), is_cut: false }
    }
}

/// Walks on to the next files.
fn walk_on(mut walk: Walk, runtime: &Runtime) -> Blocking<(Walk, Vec<Find>)> {
    runtime.blocking(move || {
        let files = walk.by_ref().take(MAX_PAGES as usize).collect();
        (walk, files)
    })
}

impl Handler<NextFiles> for Frontier {
    async fn handle(&mut self, _: NextFiles, cx: &mut Context<'_, Self>) -> Vec<Find> {
        let system = cx.system();
        let walking = match mem::replace(&mut self.state, State::Over) {
            State::Unasked(walk) => walk_on(walk, system.runtime()),
            State::Ahead(walking) => walking,
            State::Over => return Vec::new(),
        };
        let (walk, files) = match walking.await {
            Ok(walked) => walked,
            Err(lost) => return cx.fail(Failure::from(lost)).await,
        };
        if !files.is_empty() {
            self.state = State::Ahead(walk_on(walk, system.runtime()));
        }
        files
    }
}

impl Handler<Close> for Frontier {
    async fn handle(&mut self, _: Close, _: &mut Context<'_, Self>) {
        self.is_cut |= !matches!(mem::replace(&mut self.state, State::Over), State::Over);
    }
}

impl Handler<IsCut> for Frontier {
    async fn handle(&mut self, _: IsCut, _: &mut Context<'_, Self>) -> bool {
        self.is_cut
    }
}
