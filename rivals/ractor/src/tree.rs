//! A tree of ractor actors that grow once they have started.

use ractor::{Actor, ActorProcessingErr, ActorRef};
use rivals_common::{Branch, Share};

/// One actor of the tree.
struct Node;

/// What it remembers.
struct State {
    branch: Branch,
    parent: Option<ActorRef<Sum>>,
}

/// What a child sends to its parent.
pub(crate) struct Sum(u64);

/// Starts an actor of the tree. It stops when it has passed its sum on.
pub(crate) async fn start(share: Share, parent: Option<ActorRef<Sum>>) {
    Actor::spawn(None, Node, (share, parent)).await.expect("the actor starts");
}

impl Actor for Node {
    type Msg = Sum;
    type State = State;
    type Arguments = (Share, Option<ActorRef<Sum>>);

    async fn pre_start(
        &self,
        _: ActorRef<Sum>,
        (share, parent): Self::Arguments,
    ) -> Result<State, ActorProcessingErr> {
        Ok(State { branch: share.branch(), parent })
    }

    async fn post_start(
        &self,
        me: ActorRef<Sum>,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        if let Some(number) = state.branch.leaf() {
            return state.pass_on(number, &me);
        }
        for share in state.branch.split() {
            Actor::spawn(None, Self, (share, Some(me.clone()))).await?;
        }
        Ok(())
    }

    async fn handle(
        &self,
        me: ActorRef<Sum>,
        Sum(sum): Sum,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match state.branch.gather(sum) {
            Some(total) => state.pass_on(total, &me),
            None => Ok(()),
        }
    }
}

impl State {
    fn pass_on(&self, total: u64, me: &ActorRef<Sum>) -> Result<(), ActorProcessingErr> {
        match &self.parent {
            Some(parent) => parent.cast(Sum(total))?,
            None => self.branch.finish(total),
        }
        me.stop(None);
        Ok(())
    }
}
