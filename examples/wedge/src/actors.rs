//! The same two services as actors, with the same room.

use std::error::Error;

use ghostlight::{Deadlock, prelude::*};
use tokio::task::JoinSet;

use crate::{LOW, ORDERS, ROOM};

#[derive(Message)]
#[message(reply = bool)]
struct Order;

/// So many warnings at once.
#[derive(Message)]
struct RunsLow(u32);

#[derive(Message)]
#[message(reply = u32)]
struct Warnings;

/// The shop is to be told of here, before the first order.
#[derive(Message)]
struct Meet(ActorRef<Shop>);

/// What is left is the answer.
#[derive(Message)]
#[message(reply = u32)]
struct Reserve;

/// What could not be said at the time, and why the first of it could not.
#[derive(Message)]
#[message(reply = (u32, Option<Deadlock>))]
struct WrittenDown;

#[derive(Actor)]
#[actor(handles(Order, RunsLow, Warnings))]
struct Shop {
    store: ActorRef<Store>,
    warnings: u32,
}

impl Handler<Order> for Shop {
    async fn handle(&mut self, _: Order, _: &mut Context<'_, Self>) -> bool {
        self.store.ask(Reserve).await.is_ok()
    }
}

impl Handler<RunsLow> for Shop {
    async fn handle(&mut self, RunsLow(n): RunsLow, _: &mut Context<'_, Self>) {
        self.warnings += n;
    }
}

impl Handler<Warnings> for Shop {
    async fn handle(&mut self, _: Warnings, _: &mut Context<'_, Self>) -> u32 {
        self.warnings
    }
}

#[derive(Actor)]
#[actor(handles(Meet, Reserve, WrittenDown))]
struct Store {
    left: u32,
    shop: Option<ActorRef<Shop>>,
    written_down: u32,
    refusal: Option<Deadlock>,
}

impl Handler<Meet> for Store {
    async fn handle(&mut self, Meet(shop): Meet, _: &mut Context<'_, Self>) {
        self.shop = Some(shop);
    }
}

impl Handler<Reserve> for Store {
    async fn handle(&mut self, _: Reserve, _: &mut Context<'_, Self>) -> u32 {
        self.left -= 1;
        if self.left < LOW
            && let Some(shop) = &self.shop
            // The shop waits for this very answer, and has no room.
            && let Err(TellError::Deadlock { cycle, message: RunsLow(n) }) = shop.tell(RunsLow(1)).await
        {
            self.written_down += n;
            self.refusal.get_or_insert(cycle);
        }
        self.left
    }
}

impl Handler<WrittenDown> for Store {
    async fn handle(
        &mut self,
        _: WrittenDown,
        _: &mut Context<'_, Self>,
    ) -> (u32, Option<Deadlock>) {
        (self.written_down, self.refusal.take())
    }
}

/// How it went.
pub(crate) struct Day {
    pub(crate) done: u32,
    pub(crate) warnings: u32,
    pub(crate) written_down: u32,
    pub(crate) refusal: Option<Deadlock>,
}

pub(crate) async fn run() -> Result<Day, Box<dyn Error>> {
    let system = System::new("wedge");
    let room = Capacity::new(ROOM as u32).ok_or("no room at all")?;
    let options = SpawnOptions::default().mailbox(MailboxOptions::wait(room));
    let store = Store { left: ORDERS, shop: None, written_down: 0, refusal: None };
    let store = system.spawn_with(store, options.clone());
    let shop = system.spawn_with(Shop { store: store.clone(), warnings: 0 }, options);
    store.tell(Meet(shop.clone())).await?;

    let mut orders = JoinSet::new();
    for _ in 0..ORDERS {
        let shop = shop.clone();
        orders.spawn(async move { shop.ask(Order).queued().await });
    }
    let mut done = 0;
    while let Some(order) = orders.join_next().await {
        done += u32::from(order??);
    }
    let (written_down, refusal) = store.ask(WrittenDown).await?;
    shop.tell(RunsLow(written_down)).await?;
    Ok(Day { done, warnings: shop.ask(Warnings).await?, written_down, refusal })
}
