//! How fast a world is: deliveries a second, and the real time of a virtual hour.
//!
//! `cargo bench -p ghostlight-testkit`

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "it measures, and prints")]

use std::time::{Duration, Instant};

use ghostlight::{Actor, ActorRef, Context, Handler, Message};
use ghostlight_testkit::{Strategy, World};

extern crate ghostlight_core as ghostlight;

#[derive(Message)]
struct Peers(Vec<ActorRef<Node>>);

#[derive(Message)]
struct Ball(u32);

#[derive(Clone, Message)]
struct Tick;

#[derive(Actor)]
#[actor(handles(Peers, Ball, Tick))]
struct Node {
    peers: Vec<ActorRef<Self>>,
    next: usize,
    ticks: u64,
}

impl Handler<Peers> for Node {
    async fn handle(&mut self, Peers(peers): Peers, _: &mut Context<'_, Self>) {
        self.peers = peers;
    }
}

impl Handler<Ball> for Node {
    async fn handle(&mut self, Ball(hops): Ball, _: &mut Context<'_, Self>) {
        if hops > 0 {
            self.next = (self.next * 31 + 7) % self.peers.len();
            self.peers[self.next].tell(Ball(hops - 1)).await.expect("nobody stops");
        }
    }
}

impl Handler<Tick> for Node {
    async fn handle(&mut self, _: Tick, _: &mut Context<'_, Self>) {
        self.ticks += 1;
    }
}

fn node(next: usize) -> Node {
    Node { peers: Vec::new(), next, ticks: 0 }
}

fn deliveries(strategy: &Strategy, balls: usize) {
    let world = World::with_strategy(1, strategy.clone());
    let system = world.system("speed");
    let nodes: Vec<_> = (0..100).map(|it| system.spawn(node(it))).collect();
    nodes.iter().for_each(|it| it.try_tell(Peers(nodes.clone())).expect("there is room"));
    world.settle();
    let (hops, begun) = (1_000_000 / balls as u32, Instant::now());
    for it in 0..balls {
        nodes[it % 100].try_tell(Ball(hops)).expect("there is room");
    }
    world.settle();
    let took = begun.elapsed().as_secs_f64();
    let (n, steps) = (f64::from(hops) * balls as f64, world.steps());
    println!("{strategy:?}, {balls} balls: {:.0} deliveries/s ({steps} steps)", n / took);
}

fn hour(actors: u64, every: Duration) {
    let world = World::seeded(1);
    let system = world.system("hour");
    let clocks: Vec<_> = (0..actors).map(|_| system.spawn(Ticking(every))).collect();
    let begun = Instant::now();
    world.advance(Duration::from_secs(3600));
    println!(
        "an hour of {actors} timers, every {every:?}: {:?} ({} steps)",
        begun.elapsed(),
        world.steps()
    );
    drop(clocks);
}

struct Ticking(Duration);

impl Actor for Ticking {
    type Protocol = (Tick,);

    async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), ghostlight::Failure> {
        cx.every(self.0, Tick);
        Ok(())
    }
}

impl Handler<Tick> for Ticking {
    async fn handle(&mut self, _: Tick, _: &mut Context<'_, Self>) {}
}

fn main() {
    for balls in [1, 100, 1000] {
        deliveries(&Strategy::Random, balls);
    }
    deliveries(&Strategy::RoundRobin, 100);
    deliveries(&Strategy::Priorities { changes: 3, steps: 1_000_000 }, 100);
    for (actors, secs) in [(1, 1), (10, 10), (100, 60), (1000, 3600)] {
        hour(actors, Duration::from_secs(secs));
    }
}
