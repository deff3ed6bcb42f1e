//! Two rooms and five guests. Who finds no room free waits for the answer, not for the reception,
//! which meanwhile serves others; and it passes questions about breakfast on to the kitchen.

use std::{collections::VecDeque, error::Error, time::Duration};

use ghostlight::{ReplyPort, prelude::*};

const GUESTS: u32 = 5;

type Room = u32;

/// A guest arrives, and is answered when there is a room.
#[derive(Message)]
#[message(reply = Room)]
struct CheckIn {
    guest: u32,
}

#[derive(Message)]
struct CheckOut(Room);

#[derive(Message)]
#[message(reply = String)]
struct WhatIsForBreakfast;

struct Reception {
    free: Vec<Room>,
    waiting: VecDeque<ReplyPort<Room>>,
    kitchen: Recipient<WhatIsForBreakfast>,
}

#[handlers]
impl Reception {
    async fn check_in(&mut self, ask: CheckIn, cx: &mut Context<'_, Self>) -> Room {
        if let Some(room) = self.free.pop() {
            println!("guest {} has room {room}", ask.guest);
            return room;
        }
        println!("guest {} waits in the hall", ask.guest);
        cx.defer(|port| self.waiting.push_back(port)).await
    }

    fn check_out(&mut self, CheckOut(room): CheckOut) {
        // Who has left meanwhile gets no room.
        while let Some(port) = self.waiting.pop_front() {
            if port.is_awaited() {
                println!("room {room} goes to the next in the hall");
                return port.send(room);
            }
        }
        self.free.push(room);
    }

    async fn breakfast(&mut self, ask: WhatIsForBreakfast, cx: &mut Context<'_, Self>) -> String {
        cx.forward(&self.kitchen, ask).await
    }
}

struct Kitchen;

#[handlers]
impl Kitchen {
    fn breakfast(&self, _: WhatIsForBreakfast) -> String {
        "pancakes".to_owned()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let system = System::new("hotel");
    let kitchen = system.spawn(Kitchen).recipient();
    let reception =
        system.spawn(Reception { free: vec![11, 12], waiting: VecDeque::new(), kitchen });

    let guests = (1..=GUESTS).map(|guest| tokio::spawn(stay(reception.clone(), guest)));
    let guests: Vec<_> = guests.collect();
    let impatient = reception.ask(CheckIn { guest: 99 }).within(Duration::from_millis(1)).await;
    if let Ok(room) = &impatient {
        reception.tell(CheckOut(*room)).await?;
    }
    for guest in guests {
        guest.await??;
    }

    let served = reception.counters();
    println!("{served}");
    assert!(served.conserves(), "a message was lost");
    assert!(served.handled >= u64::from(GUESTS) * 3, "every guest was served");
    Ok(())
}

/// Arrives, asks about breakfast, sleeps, and leaves.
async fn stay(
    reception: ActorRef<Reception>,
    guest: u32,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let room = reception.ask(CheckIn { guest }).await?;
    let breakfast = reception.ask(WhatIsForBreakfast).await?;
    assert_eq!(breakfast, "pancakes", "the answer is the kitchen's");
    tokio::task::yield_now().await;
    reception.tell(CheckOut(room)).await?;
    Ok(())
}
