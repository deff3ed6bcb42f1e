//! A protocol lists more messages than there are envelopes for.

use ghostlight::prelude::*;

#[derive(Message)]
struct Note<const N: usize>;

#[derive(Actor)]
#[actor(handles(
    Note<1>, Note<2>, Note<3>, Note<4>, Note<5>, Note<6>, Note<7>, Note<8>, Note<9>, Note<10>,
    Note<11>, Note<12>, Note<13>, Note<14>, Note<15>, Note<16>, Note<17>
))]
struct Piano;

impl<const N: usize> Handler<Note<N>> for Piano {
    async fn handle(&mut self, _: Note<N>, _: &mut Context<'_, Self>) {}
}

fn main() {}
