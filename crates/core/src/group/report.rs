//! What is told about groups.

use std::sync::Arc;

use crate::ActorId;

/// Whom a message reached that was for a whole group; made by
/// [`Group::broadcast`](super::Group::broadcast).
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// # use ghostlight::{Actor, Context, Handler, Message, System};
/// # #[derive(Clone, Message)] struct Closing;
/// # #[derive(Actor)] #[actor(handles(Closing))] struct Till;
/// # impl Handler<Closing> for Till {
/// #     async fn handle(&mut self, _: Closing, _: &mut Context<'_, Self>) {}
/// # }
/// # let system = System::new("shop");
/// # let till = system.spawn(Till);
/// let tills = system.group::<Closing>("tills");
/// tills.join(&till)?;
/// let report = tills.broadcast(Closing);
/// if !report.refused.is_empty() {
///     println!("closing without {:?}", report.refused);
/// }
/// assert_eq!(report.sent, 1);
/// # Ok::<_, ghostlight::JoinGroupError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct BroadcastReport {
    /// How many members took it.
    pub sent: usize,
    /// Who did not: no room, or ending.
    pub refused: Vec<ActorId>,
}

impl BroadcastReport {
    pub(super) fn note(&mut self, id: ActorId, was_sent: bool) {
        if was_sent {
            self.sent += 1;
        } else {
            self.refused.push(id);
        }
    }
}

/// What is known of a group from outside; from [`System::groups`](crate::System::groups).
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// # use ghostlight::{Message, System};
/// # #[derive(Message)] struct Closing;
/// # let system = System::new("shop");
/// let changes = system.group_in::<Closing>("ground floor", "tills").changes(64);
/// let info = &system.groups()[0];
/// assert_eq!((info.scope.as_deref(), &*info.name), (Some("ground floor"), "tills"));
/// assert_eq!((info.members, info.watchers), (0, 1));
/// # drop(changes);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct GroupInfo {
    /// The scope its name is in, if any.
    pub scope: Option<Arc<str>>,
    /// What it is called.
    pub name: Arc<str>,
    /// The type of its messages, as a label.
    pub message_type: &'static str,
    /// How many of this system are in it.
    pub members: usize,
    /// How many subscribe to its changes.
    pub watchers: usize,
}
