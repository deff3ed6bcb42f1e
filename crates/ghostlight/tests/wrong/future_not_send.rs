//! A handler keeps something across an await that may not move between threads.

use std::{rc::Rc, time::Duration};

use ghostlight::prelude::*;

#[derive(Message)]
struct Wait;

#[derive(Actor)]
#[actor(handles(Wait))]
struct Sleeper;

impl Handler<Wait> for Sleeper {
    async fn handle(&mut self, _: Wait, cx: &mut Context<'_, Self>) {
        let name = Rc::new("dozing");
        cx.sleep(Duration::from_millis(1)).await;
        drop(name);
    }
}

fn main() {}
