//! Two clerks put money into one account. In one of the two ways to do that, a deposit goes missing
//! now and then; the tests find out how.

#![forbid(unsafe_code)]

mod account;
mod clerk;
#[cfg(test)]
mod tests;

use std::{error::Error, time::Duration};

use ghostlight::prelude::*;

use crate::{
    account::{Account, Balance},
    clerk::{CarefulClerk, Deposit, HastyClerk},
};

/// How many deposits each of the two clerks makes, of one cent each.
const DEPOSITS: u64 = 10_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let system = System::new("bank");

    let account = system.spawn(Account::default());
    let clerks = [(); 2].map(|()| system.spawn(HastyClerk(account.clone())));
    let cents = deposit(clerks, &account).await?;
    println!("hasty clerks: {cents} cents of {}", 2 * DEPOSITS);
    assert!(cents <= 2 * DEPOSITS, "money came from nowhere");

    let account = system.spawn(Account::default());
    let clerks = [(); 2].map(|()| system.spawn(CarefulClerk(account.clone())));
    let cents = deposit(clerks, &account).await?;
    println!("careful clerks: {cents} cents of {}", 2 * DEPOSITS);
    assert_eq!(cents, 2 * DEPOSITS, "a deposit was lost");

    let report = system.shutdown(Duration::from_secs(1)).await;
    assert!(report.is_clean(), "{report}");
    Ok(())
}

/// Has both clerks make all their deposits, and says what is in the account then.
async fn deposit<C: Handler<Deposit>>(
    clerks: [ActorRef<C>; 2],
    account: &ActorRef<Account>,
) -> Result<u64, Box<dyn Error>> {
    let [one, other] = clerks.map(|clerk| {
        tokio::spawn(async move {
            for _ in 0..DEPOSITS {
                clerk.ask(Deposit { cents: 1 }).await?;
            }
            Ok::<_, AskError<Deposit>>(())
        })
    });
    one.await??;
    other.await??;
    Ok(account.ask(Balance).await?)
}
