//! Notices and links.

use super::Fault;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "notice_doubled",
        says: "Of one end a watcher is told twice.",
        file: "watch.rs",
        find: r"|queue| write(notice.clone(), queue));
        }
    }",
        plant: r"|queue| {
                if FAULT {
                    write(notice.clone(), queue);
                }
                write(notice.clone(), queue);
            });
        }
    }",
    },
    Fault {
        name: "notice_does_not_wake",
        says: "A notice waits until its watcher is woken by something else.",
        file: "watch.rs",
        find: "        self.raise(inbox, Signals::URGENT);",
        plant: r"        if !FAULT {
            self.raise(inbox, Signals::URGENT);
        }",
    },
    Fault {
        name: "notice_waits_for_the_batch",
        says: "A notice waits until all messages before it have been handled.",
        file: "mailbox/inbox/next.rs",
        find: "_ if self.has_notices() => {",
        plant: "_ if self.has_notices() && (batch.is_empty() || !FAULT) => {",
    },
    Fault {
        name: "dead_are_not_told_of",
        says: "Whoever watches an actor that has ended already hears nothing.",
        file: "member.rs",
        find: r"            return Err(Arc::clone(end));
        }
        inbox.kin().watchers",
        plant: r"            if !FAULT {
                return Err(Arc::clone(end));
            }
        }
        inbox.kin().watchers",
    },
    Fault {
        name: "unwatch_leaves_the_notice",
        says: "A notice comes although its watcher has taken back that it wants it.",
        file: "watch.rs",
        find: "(kin.watched.remove(&id), kin.take_back(id, Event::End))",
        plant: "(kin.watched.remove(&id), if FAULT { None } else { kin.take_back(id, Event::End) })",
    },
    Fault {
        name: "link_of_one_side",
        says: "A link holds one of the two only.",
        file: "watch.rs",
        find: "        me.lock().kin().links.insert(peer.id(), Arc::downgrade(&peer));",
        plant: r"        if !FAULT {
            me.lock().kin().links.insert(peer.id(), Arc::downgrade(&peer));
        }",
    },
    Fault {
        name: "link_to_the_dead_says_nothing",
        says: "A link to an actor that has ended already is of no consequence.",
        file: "watch.rs",
        find: "            me.hear_link(&Terminated::seen(&*peer, &end));",
        plant: r"            if !FAULT {
                me.hear_link(&Terminated::seen(&*peer, &end));
            }",
    },
    Fault {
        name: "link_shares_a_good_end",
        says: "A normal end takes along whoever is linked.",
        file: "watch.rs",
        find: "        if notice.why.is_failure() {",
        plant: "        if notice.why.is_failure() || FAULT {",
    },
    Fault {
        name: "unlink_forgotten",
        says: "A link that was undone still holds.",
        file: "watch.rs",
        find: "        let peer = self.cell().lock().kin_if_any().and_then(|it| it.links.remove(&other.id()));",
        plant: "        if FAULT {
            return;
        }
        let peer = self.cell().lock().kin_if_any().and_then(|it| it.links.remove(&other.id()));",
    },
    Fault {
        name: "old_restarts_told",
        says: "A slow watcher hears of restarts that others have followed.",
        file: "watch_restarts.rs",
        find: "let untold = kin.take_back(notice.id, Event::Restart);",
        plant: "let untold = if FAULT { None } else { kin.take_back(notice.id, Event::Restart) };",
    },
];
