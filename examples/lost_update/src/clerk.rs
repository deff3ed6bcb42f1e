//! Two ways to put money into an account. No two turns of an actor overlap, and yet one of them loses
//! money: what is true when the account answers need not be true when the clerk has heard it.

use ghostlight::prelude::*;

use crate::account::{Account, Add, Balance, SetBalance};

/// Puts money into the clerk's account.
#[derive(Message)]
pub(crate) struct Deposit {
    pub(crate) cents: u64,
}

/// Reads the balance, and writes another.
#[derive(Actor)]
#[actor(handles(Deposit))]
pub(crate) struct HastyClerk(pub(crate) ActorRef<Account>);

impl Handler<Deposit> for HastyClerk {
    async fn handle(&mut self, Deposit { cents }: Deposit, cx: &mut Context<'_, Self>) {
        let Ok(balance) = self.0.ask(Balance).await else { return cx.stop() };
        if self.0.tell(SetBalance { cents: balance + cents }).await.is_err() {
            cx.stop();
        }
    }
}

/// Has the account do the sum.
#[derive(Actor)]
#[actor(handles(Deposit))]
pub(crate) struct CarefulClerk(pub(crate) ActorRef<Account>);

impl Handler<Deposit> for CarefulClerk {
    async fn handle(&mut self, Deposit { cents }: Deposit, cx: &mut Context<'_, Self>) {
        if self.0.tell(Add { cents }).await.is_err() {
            cx.stop();
        }
    }
}
