//! Who holds the money.

use ghostlight::prelude::*;

/// How much there is.
#[derive(Message)]
#[message(reply = u64)]
pub(crate) struct Balance;

/// Says how much there is from now on.
#[derive(Message)]
pub(crate) struct SetBalance {
    pub(crate) cents: u64,
}

/// Adds to what there is.
#[derive(Message)]
pub(crate) struct Add {
    pub(crate) cents: u64,
}

/// Who holds the money.
#[derive(Actor, Default)]
#[actor(handles(SetBalance, Add), reads(Balance))]
pub(crate) struct Account {
    cents: u64,
}

impl ReadHandler<Balance> for Account {
    async fn read(&self, _: Balance, _: &ReadContext<'_, Self>) -> u64 {
        self.cents
    }
}

impl Handler<SetBalance> for Account {
    async fn handle(&mut self, SetBalance { cents }: SetBalance, _: &mut Context<'_, Self>) {
        self.cents = cents;
    }
}

impl Handler<Add> for Account {
    async fn handle(&mut self, Add { cents }: Add, _: &mut Context<'_, Self>) {
        self.cents += cents;
    }
}
