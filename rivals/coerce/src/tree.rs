//! A tree of coerce actors that grow at a message: a spawn waits for the start hook, so growing
//! there would build the tree one actor after another.

use async_trait::async_trait;
use coerce::actor::{
    Actor, ActorId, IntoActor, LocalActorRef,
    context::ActorContext,
    message::{Handler, Message},
    system::ActorSystem,
};
use rivals_common::{Branch, Share};

/// One actor of the tree.
pub(crate) struct Node {
    branch: Branch,
    parent: Option<LocalActorRef<Self>>,
}

/// Starts an actor of the tree. It stops when it has passed its sum on.
pub(crate) async fn start(share: Share, parent: Option<LocalActorRef<Node>>, system: &ActorSystem) {
    let node = Node { branch: share.branch(), parent };
    let node = node.into_actor(None::<ActorId>, system).await.expect("the actor starts");
    node.notify(Grow).expect("the actor runs");
}

#[async_trait]
impl Actor for Node {}

impl Node {
    fn pass_on(&self, total: u64, context: &mut ActorContext) {
        match &self.parent {
            Some(parent) => parent.notify(Sum(total)).expect("the parent waits"),
            None => self.branch.finish(total),
        }
        context.stop(None);
    }
}

struct Grow;

impl Message for Grow {
    type Result = ();
}

#[async_trait]
impl Handler<Grow> for Node {
    async fn handle(&mut self, _: Grow, context: &mut ActorContext) {
        if let Some(number) = self.branch.leaf() {
            return self.pass_on(number, context);
        }
        let me = context.actor_ref::<Self>();
        let system = context.system().clone();
        for share in self.branch.split() {
            start(share, Some(me.clone()), &system).await;
        }
    }
}

struct Sum(u64);

impl Message for Sum {
    type Result = ();
}

#[async_trait]
impl Handler<Sum> for Node {
    async fn handle(&mut self, Sum(sum): Sum, context: &mut ActorContext) {
        if let Some(total) = self.branch.gather(sum) {
            self.pass_on(total, context);
        }
    }
}
