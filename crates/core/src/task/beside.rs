//! Tasks beside an actor: they belong to one incarnation, and end with it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Arc,
};

use ghostlight_rt::Runtime;

use super::{
    Holder, JoinError, Plan, Slot, Task, TaskId, Tenure,
    current::{current, enter},
    pipe::Pipe,
};
use crate::{Actor, CallContext, Context, Handler, Message, Scope, cell::Cell, here};

impl<A: Actor> Context<'_, A> {
    /// A scope that this actor owns: its tasks end with this incarnation. As [`Scope::new`].
    ///
    /// Kept in the state, and handed to whoever handles a request, it is the place for work that
    /// outlives the request and not the server.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, Context, Handler, Message, Scope};
    /// # #[derive(Message)] struct Order;
    /// # async fn send_receipt(_: Order) {}
    /// struct Shop { background: Option<Scope> }
    ///
    /// # impl Actor for Shop { type Protocol = (Order,); }
    /// impl Handler<Order> for Shop {
    ///     async fn handle(&mut self, order: Order, cx: &mut Context<'_, Self>) {
    ///         let background = self.background.get_or_insert_with(|| cx.scope());
    ///         background.spawn(send_receipt(order));
    ///     }
    /// }
    /// ```
    #[must_use = "a scope that is dropped cancels its tasks"]
    pub fn scope(&self) -> Scope {
        Scope::new(self)
    }

    /// Spawns a task that runs beside this actor and ends with this incarnation. Its crash does not
    /// end the actor. Its handle may be dropped.
    ///
    /// Told to end, the actor cancels its tasks and waits for them, before `stopped`, for as long as
    /// its shutdown deadline; what is left then is aborted, shielded or not.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use std::time::Duration;
    /// # use ghostlight::{Actor, Context, Failure, checkpoint};
    /// # struct Sensor;
    /// impl Actor for Sensor {
    ///     type Protocol = ();
    ///
    ///     async fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
    ///         let runtime = cx.system().runtime().clone();
    ///         cx.spawn_task(async move {
    ///             while checkpoint().await.is_ok() {
    ///                 runtime.sleep(Duration::from_secs(1)).await;
    ///             }
    ///         });
    ///         Ok(())
    ///     }
    /// }
    /// # let system = ghostlight::System::new("docs");
    /// # let sensor = system.spawn(Sensor);
    /// # system.block_on(sensor.wait_started()).unwrap();
    /// # assert_eq!(system.tasks().len(), 1);
    /// # sensor.kill();
    /// # system.block_on(sensor.wait_stopped());
    /// # assert!(system.tasks().is_empty());
    /// ```
    pub fn spawn_task<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Task<T> {
        Task::spawn(&holder_of(self.cell()), Tenure::Owned, work)
    }

    /// Runs `work` in a task beside this actor, and tells the actor what `into_message` makes of its
    /// result: a value, or why there is none.
    ///
    /// The message comes after what waits by then, and needs no room in the mailbox. It is for this
    /// incarnation: when that ends the work is cancelled, and nobody is told. A message that waits in
    /// the mailbox then becomes a dead letter.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, Context, Handler, JoinError, Message};
    /// # #[derive(Message)] struct Refresh;
    /// # async fn fetch() -> u32 { 7 }
    /// #[derive(Message)]
    /// struct Fetched(Result<u32, JoinError>);
    ///
    /// #[derive(Actor)]
    /// #[actor(handles(Refresh, Fetched))]
    /// struct Quotes { last: u32 }
    ///
    /// impl Handler<Refresh> for Quotes {
    ///     async fn handle(&mut self, _: Refresh, cx: &mut Context<'_, Self>) {
    ///         cx.pipe(fetch(), Fetched); // and goes on with other messages
    ///     }
    /// }
    ///
    /// impl Handler<Fetched> for Quotes {
    ///     async fn handle(&mut self, Fetched(result): Fetched, _: &mut Context<'_, Self>) {
    ///         self.last = result.unwrap_or(self.last);
    ///     }
    /// }
    /// ```
    pub fn pipe<T, M: Message>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
        into_message: impl FnOnce(Result<T, JoinError>) -> M + Send + 'static,
    ) -> Task<()>
    where
        A: Handler<M>,
        T: Send + 'static,
    {
        let (slot, pipe) = (Slot::new(), self.new_pipe());
        let told = Arc::clone(&slot);
        let sink = move |_: TaskId, outcome| pipe.deliver(outcome, into_message, &told);
        let plan = Plan { budget: here::budget(), ..Plan::of(&work) };
        Task::of(holder_of(self.cell()).spawn(plan, work, sink), slot)
    }

    /// Runs `work` on a thread where it holds up nobody, and tells the actor of its result, as
    /// [`pipe`](Self::pipe) does.
    ///
    /// It can ask [`is_cancelled`](crate::is_cancelled). It cannot be aborted: work that does not look
    /// is listed, and left to the reaper at the end of the actor, until it gives its thread back.
    ///
    /// ```
    /// # extern crate ghostlight_core as ghostlight;
    /// # use ghostlight::{Actor, Context, Handler, JoinError, Message};
    /// # #[derive(Message)] struct Hash(Vec<u8>);
    /// # fn hash(bytes: &[u8]) -> u64 { bytes.len() as u64 }
    /// #[derive(Message)]
    /// struct Hashed(Result<u64, JoinError>);
    ///
    /// # #[derive(Actor)] #[actor(handles(Hash, Hashed))] struct Store { last: Option<u64> }
    /// impl Handler<Hash> for Store {
    ///     async fn handle(&mut self, Hash(bytes): Hash, cx: &mut Context<'_, Self>) {
    ///         cx.blocking(move || hash(&bytes), Hashed);
    ///     }
    /// }
    /// # impl Handler<Hashed> for Store {
    /// #     async fn handle(&mut self, Hashed(result): Hashed, _: &mut Context<'_, Self>) {
    /// #         self.last = result.ok();
    /// #     }
    /// # }
    /// ```
    pub fn blocking<F, T, M: Message>(
        &self,
        work: F,
        into_message: impl FnOnce(Result<T, JoinError>) -> M + Send + 'static,
    ) -> Task<()>
    where
        A: Handler<M>,
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (slot, pipe) = (Slot::new(), self.new_pipe());
        let told = Arc::clone(&slot);
        let sink = move |_: TaskId, outcome: Result<_, JoinError>| {
            pipe.deliver(outcome.flatten(), into_message, &told);
        };
        let plan = Plan { can_abort: false, ..Plan::of(&work) };
        let waiting = on_thread(self.cell().system.runtime.clone(), work);
        Task::of(holder_of(self.cell()).spawn(plan, waiting, sink), slot)
    }

    fn new_pipe(&self) -> Pipe<A> {
        Pipe::new(self.cell(), self.incarnation(), holder_of(self.cell()))
    }
}

/// Runs blocking work for the task that awaits this.
async fn on_thread<T: Send + 'static>(
    runtime: Runtime,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, JoinError> {
    let (record, call) = (current().map(|it| it.record), CallContext::current());
    let work = move || {
        if record.as_ref().is_some_and(|it| it.tell()) {
            return Ok(None);
        }
        let _entered = record.as_ref().map(enter);
        catch_unwind(AssertUnwindSafe(|| call.carry_now(work))).map(Some)
    };
    match runtime.blocking(work).await {
        Ok(Ok(value)) => value.ok_or(JoinError::Cancelled),
        Ok(Err(payload)) => resume_unwind(payload),
        Err(_) => Err(JoinError::Aborted),
    }
}

/// What the incarnation owns of tasks and scopes; made with the first.
pub(crate) fn holder_of<A: Actor>(cell: &Cell<A>) -> Arc<Holder> {
    let mut inbox = cell.lock();
    let tasks = &mut inbox.kin().tasks;
    Arc::clone(tasks.get_or_insert_with(|| Holder::of_actor(&cell.system, cell.id)))
}

/// The same, if it ever owned any.
pub(crate) fn holder_if_any<A: Actor>(cell: &Cell<A>) -> Option<Arc<Holder>> {
    cell.lock().kin_if_any()?.tasks.clone()
}

/// Leaves what an incarnation owned, and has not ended, to the reaper. Called with the lock open.
pub(crate) fn end_incarnation<A: Actor>(cell: &Cell<A>) {
    let holder = cell.lock().kin_if_any().and_then(|it| it.tasks.take());
    holder.into_iter().for_each(|it| it.reap());
}
