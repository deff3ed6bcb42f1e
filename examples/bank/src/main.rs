//! Four tellers move money between accounts until some run dry; no cent is made or lost.

use std::{error::Error, fmt, time::Duration};

use ghostlight::{Delivery, prelude::*};

const ACCOUNTS: usize = 10;
const TELLERS: usize = 4;
const TRANSFERS: usize = 5_000;
const OPENING: i64 = 1_000;

#[derive(Message)]
#[message(reply = Result<i64, Overdrawn>)]
struct Withdraw {
    cents: i64,
}

#[derive(Message)]
#[message(reply = i64)]
struct Deposit {
    cents: i64,
}

#[derive(Message)]
#[message(reply = i64)]
struct Balance;

/// What an account answers when it does not hold enough.
#[derive(Debug)]
struct Overdrawn {
    missing: i64,
}

#[derive(Actor)]
#[actor(handles(Withdraw, Deposit), reads(Balance))]
struct Account {
    cents: i64,
}

impl Handler<Withdraw> for Account {
    async fn handle(
        &mut self,
        Withdraw { cents }: Withdraw,
        _: &mut Context<'_, Self>,
    ) -> Result<i64, Overdrawn> {
        if self.cents < cents {
            return Err(Overdrawn { missing: cents - self.cents });
        }
        self.cents -= cents;
        Ok(self.cents)
    }
}

impl Handler<Deposit> for Account {
    async fn handle(&mut self, Deposit { cents }: Deposit, _: &mut Context<'_, Self>) -> i64 {
        self.cents += cents;
        self.cents
    }
}

impl ReadHandler<Balance> for Account {
    async fn read(&self, _: Balance, _: &ReadContext<'_, Self>) -> i64 {
        self.cents
    }
}

/// Moves money from one account to another.
#[derive(Message)]
#[message(reply = Result<(), NotMoved>)]
struct Transfer {
    from: ActorRef<Account>,
    to: ActorRef<Account>,
    cents: i64,
}

/// Why money was not moved.
#[derive(Debug)]
enum NotMoved {
    Overdrawn {
        missing: i64,
    },
    /// An account did not answer. Nothing was moved.
    Closed,
    /// An account did not answer, and whether it has the money is not known.
    InDoubt,
}

impl fmt::Display for NotMoved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overdrawn { missing } => write!(f, "{missing} cents are missing"),
            Self::Closed => f.write_str("the account is closed"),
            Self::InDoubt => f.write_str("the account gave no answer"),
        }
    }
}

impl Error for NotMoved {}

#[derive(Actor)]
#[actor(handles(Transfer))]
struct Teller;

impl Handler<Transfer> for Teller {
    async fn handle(
        &mut self,
        Transfer { from, to, cents }: Transfer,
        _: &mut Context<'_, Self>,
    ) -> Result<(), NotMoved> {
        match from.ask(Withdraw { cents }).await {
            Ok(Ok(_)) => {}
            Ok(Err(Overdrawn { missing })) => return Err(NotMoved::Overdrawn { missing }),
            Err(error) => return Err(in_words(error.delivery())),
        }
        let Err(error) = to.ask(Deposit { cents }).await else { return Ok(()) };
        // Only what certainly did not arrive is put back; otherwise there would be two of it.
        if error.delivery() == Delivery::Never {
            from.ask(Deposit { cents }).await.map_err(|_| NotMoved::InDoubt)?;
        }
        Err(in_words(error.delivery()))
    }
}

const fn in_words(delivery: Delivery) -> NotMoved {
    match delivery {
        Delivery::Never => NotMoved::Closed,
        Delivery::Unknown => NotMoved::InDoubt,
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let system = System::new("bank");
    let accounts: Vec<_> =
        (0..ACCOUNTS).map(|_| system.spawn(Account { cents: OPENING })).collect();
    let customers = (0..TELLERS).map(|number| {
        let (teller, accounts) = (system.spawn(Teller), accounts.clone());
        tokio::spawn(async move { keep_busy(&teller, &accounts, number).await })
    });
    let customers: Vec<_> = customers.collect();
    let mut refused = 0;
    for customer in customers {
        refused += customer.await??;
    }

    let mut total = 0;
    for account in &accounts {
        total += account.ask(Balance).await?;
    }
    println!("{} transfers, {refused} refused, {total} cents", TELLERS * TRANSFERS);
    assert_eq!(total, OPENING * i64::try_from(ACCOUNTS)?, "money was made or lost");
    assert!(refused > 0, "nobody was ever out of money");

    let report = system.shutdown(Duration::from_secs(1)).await;
    assert!(report.killed.is_empty(), "an actor did not stop in time");
    println!("{}", system.counters());
    assert!(system.counters().conserves(), "a message was lost");
    Ok(())
}

/// Asks a teller for one transfer after another, and counts those that were refused.
async fn keep_busy(
    teller: &ActorRef<Teller>,
    accounts: &[ActorRef<Account>],
    number: usize,
) -> Result<usize, AskError<Transfer>> {
    let mut refused = 0;
    for n in 0..TRANSFERS {
        let (from, to) = ((n * 7 + number) % ACCOUNTS, (n * 3 + 1) % ACCOUNTS);
        let cents = (n % 400) as i64;
        let (from, to) = (accounts[from].clone(), accounts[to].clone());
        match teller.ask(Transfer { from, to, cents }).await? {
            Ok(()) => {}
            Err(why) => {
                if refused == 0 {
                    println!("teller {number}: {why}");
                }
                refused += 1;
            }
        }
    }
    Ok(refused)
}
