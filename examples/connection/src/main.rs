//! Packets sent while a line is still being dialled go out once it is up, in order.
//!
//! What is elsewhere called `become` is here an enum: one variant for each state that the actor can
//! be in, with the data that only that state has. A handler matches on it, so nothing can be used
//! that is not there, and a state that was forgotten does not compile. A message that has to wait
//! for another state is set aside with whoever waits for its reply, and comes back in its order.

use std::{error::Error, mem, time::Duration};

use ghostlight::{Instant, Refused, Timer, prelude::*};

/// How many packets may wait for the line.
const ROOM: u32 = 16;
/// How long a dialled line may take to come up.
const PATIENCE: Duration = Duration::from_millis(40);
/// How long a line stays up when nobody uses it.
const HANG_UP_AFTER: Duration = Duration::from_millis(200);

/// What a connection does, and what it has while it does that.
enum State {
    /// Nobody has sent anything for a while.
    Disconnected,
    /// The line is being dialled; what is sent meanwhile is set aside.
    Connecting { since: Instant, patience: Timer },
    /// Packets go out, numbered.
    Connected { line: u32, sent: u32 },
}

#[derive(Actor)]
#[actor(handles(Send, LineUp, NoAnswer, HangUp), reads(History))]
struct Connection {
    state: State,
    exchange: ActorRef<Exchange>,
    /// What it has come through, in words.
    history: Vec<String>,
}

/// Sends a packet; answered with the line it went out on, and its number there.
#[derive(Message)]
#[message(reply = (u32, u32))]
struct Send {
    packet: u32,
}

/// The line is up.
#[derive(Message)]
struct LineUp {
    line: u32,
}

/// The line did not come up in time.
#[derive(Message)]
struct NoAnswer;

/// Nobody has sent anything for a while.
#[derive(Clone, Message)]
struct HangUp;

#[derive(Message)]
#[message(reply = Vec<String>)]
struct History;

impl Connection {
    const fn new(exchange: ActorRef<Exchange>) -> Self {
        Self { state: State::Disconnected, exchange, history: Vec::new() }
    }

    /// The one place where a line is dialled, and so the only way into `Connecting`.
    async fn dial(&mut self, cx: &Context<'_, Self>) {
        let patience = cx.after(PATIENCE, NoAnswer);
        self.state = State::Connecting { since: cx.now(), patience };
        // An exchange that is gone does not answer either.
        _ = self.exchange.tell(Dial { caller: cx.me().recipient() }).await;
    }
}

impl Handler<Send> for Connection {
    async fn handle(&mut self, message: Send, cx: &mut Context<'_, Self>) -> (u32, u32) {
        match &mut self.state {
            State::Disconnected => {
                self.dial(cx).await;
                cx.stash(message).await
            }
            State::Connecting { .. } => cx.stash(message).await,
            State::Connected { line, sent } => {
                assert_eq!(message.packet, *sent, "a packet is out of order");
                *sent += 1;
                (*line, *sent)
            }
        }
    }
}

impl Handler<LineUp> for Connection {
    async fn handle(&mut self, LineUp { line }: LineUp, cx: &mut Context<'_, Self>) {
        match mem::replace(&mut self.state, State::Disconnected) {
            State::Connecting { since, patience } => {
                patience.cancel();
                let waiting = cx.stash_len();
                let took = cx.now().saturating_duration_since(since).as_millis();
                self.history.push(format!("line {line} up after {took} ms, {waiting} waiting"));
                self.state = State::Connected { line, sent: 0 };
                cx.unstash_all();
                cx.idle_after(HANG_UP_AFTER, HangUp);
            }
            // A line that comes up too late is not the one that is in use.
            other => self.state = other,
        }
    }
}

impl Handler<NoAnswer> for Connection {
    async fn handle(&mut self, _: NoAnswer, cx: &mut Context<'_, Self>) {
        if let State::Connecting { .. } = self.state {
            self.history.push("no answer, dialled again".to_owned());
            self.dial(cx).await;
        }
    }
}

impl Handler<HangUp> for Connection {
    async fn handle(&mut self, _: HangUp, cx: &mut Context<'_, Self>) {
        if let State::Connected { line, sent } = self.state {
            self.history.push(format!("line {line} hung up after {sent} packets"));
            self.state = State::Disconnected;
        }
        cx.cancel_idle();
    }
}

impl ReadHandler<History> for Connection {
    async fn read(&self, _: History, _: &ReadContext<'_, Self>) -> Vec<String> {
        self.history.clone()
    }
}

/// Connects callers after a while, and every second one not at all.
#[derive(Actor)]
#[actor(handles(Dial))]
struct Exchange {
    dialled: u32,
}

#[derive(Message)]
struct Dial {
    caller: Recipient<LineUp>,
}

impl Handler<Dial> for Exchange {
    async fn handle(&mut self, Dial { caller }: Dial, cx: &mut Context<'_, Self>) {
        self.dialled += 1;
        if self.dialled.is_multiple_of(2) {
            cx.send_after(&caller, PATIENCE / 4, LineUp { line: self.dialled });
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let system = System::new("telephone");
    let exchange = system.spawn(Exchange { dialled: 0 });
    let room = Capacity::new(ROOM).ok_or("there must be some room")?;
    let options = SpawnOptions::default().mailbox(MailboxOptions::wait(room));
    let connection = system.spawn_with(Connection::new(exchange), options);

    for line in [2, 4] {
        for packet in 0..ROOM {
            connection.tell(Send { packet }).await?;
        }
        let refused = insist(&connection, Send { packet: ROOM }, (line, ROOM + 1)).await?;
        println!("line {line}: one packet too many came back {refused} times");
        // Long enough for the line to be hung up.
        tokio::time::sleep(HANG_UP_AFTER * 2).await;
    }

    let history = connection.ask(History).await?;
    history.iter().for_each(|it| println!("- {it}"));
    let hung_up = history.iter().filter(|it| it.contains("hung up after 17 packets")).count();
    assert_eq!(hung_up, 2, "a line was not used, or is still up");

    system.shutdown(Duration::from_secs(1)).await;
    println!("{}", system.counters());
    assert!(system.counters().conserves(), "a packet was lost");
    Ok(())
}

/// Asks with a packet until there is room for it, and counts how often it came back.
async fn insist(
    connection: &ActorRef<Connection>,
    mut message: Send,
    expected: (u32, u32),
) -> Result<u32, Box<dyn Error>> {
    for refused in 0.. {
        let error = match connection.ask(message).await {
            Ok(went) => {
                assert_eq!(went, expected, "the packet went out elsewhere");
                return Ok(refused);
            }
            Err(error) if error.refused() == Some(Refused::Full) => error,
            Err(error) => return Err(error.into()),
        };
        message = error.into_message().ok_or("a refused message comes back")?;
        tokio::time::sleep(PATIENCE / 4).await;
    }
    Err("refused for ever".into())
}
