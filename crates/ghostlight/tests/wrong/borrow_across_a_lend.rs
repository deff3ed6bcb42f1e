//! A handler lends its actor, and goes on with what it has borrowed of it before.

use ghostlight::prelude::*;

#[derive(Message)]
#[message(reply = u32)]
struct Total;

#[derive(Message)]
#[message(reply = u32)]
struct Tax;

#[derive(Actor)]
#[actor(handles(Total))]
struct Shop {
    prices: Vec<u32>,
    office: ActorRef<Office>,
}

#[derive(Actor)]
#[actor(handles(Tax))]
struct Office;

impl Handler<Tax> for Office {
    async fn handle(&mut self, _: Tax, _: &mut Context<'_, Self>) -> u32 {
        20
    }
}

impl Handler<Total> for Shop {
    async fn handle(&mut self, _: Total, cx: &mut Context<'_, Self>) -> u32 {
        let office = self.office.clone();
        let first = &self.prices[0];
        let tax = cx.lend(self).ask(&office, Tax).await.unwrap_or_default();
        first + tax
    }
}

fn main() {}
