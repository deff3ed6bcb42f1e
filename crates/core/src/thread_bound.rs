//! State that may not leave its thread, in an actor that has a thread of its own.

use std::{
    any::{Any, type_name},
    cell::{Cell, RefCell},
    collections::HashMap,
    fmt,
    marker::PhantomData,
    thread::{self, ThreadId},
};

thread_local! {
    /// What is bound to this thread, by number.
    static HELD: RefCell<HashMap<u64, Box<dyn Any>>> = RefCell::default();
    /// How many were bound to it, ever.
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// A value that is bound to the thread it was made on, though its holder may go from one to another: what
/// lets an actor on [`Backend::Thread`](crate::Backend::Thread) have state that is not [`Send`].
///
/// Make it where the actor's thread is: in [`Create::create`](crate::Create::create) or
/// [`started`](crate::Actor::started). It cannot be borrowed across an await.
///
/// ```
/// # extern crate ghostlight_core as ghostlight;
/// use std::rc::Rc;
/// use ghostlight::{
///     Actor, Backend, Context, Create, Failure, Handler, Message, SpawnOptions, System, ThreadBound,
/// };
///
/// #[derive(Message)]
/// #[message(reply = usize)]
/// struct Share;
///
/// struct Window { handles: ThreadBound<Vec<Rc<str>>> }
///
/// impl Actor for Window {
///     type Protocol = (Share,);
///
///     fn options() -> SpawnOptions {
///         SpawnOptions::default().backend(Backend::Thread)
///     }
/// }
///
/// impl Create for Window {
///     type Args = &'static str;
///
///     async fn create(title: &'static str) -> Result<Self, Failure> {
///         Ok(Self { handles: ThreadBound::new(vec![Rc::from(title)]) })
///     }
/// }
///
/// impl Handler<Share> for Window {
///     async fn handle(&mut self, _: Share, _: &mut Context<'_, Self>) -> usize {
///         self.handles.with(|it| {
///             it.push(Rc::clone(&it[0]));
///             Rc::strong_count(&it[0])
///         })
///     }
/// }
///
/// let system = System::new("ui");
/// let window = system.create::<Window>("main");
/// assert_eq!(system.block_on(window.ask(Share).into_future()).unwrap(), 2);
/// ```
pub struct ThreadBound<T: 'static> {
    thread: ThreadId,
    number: u64,
    held: PhantomData<fn() -> T>,
}

impl<T: 'static> ThreadBound<T> {
    /// Binds `value` to this thread.
    #[must_use]
    pub fn new(value: T) -> Self {
        let number = COUNT.replace(COUNT.get() + 1);
        HELD.with_borrow_mut(|it| it.insert(number, Box::new(value)));
        Self { thread: thread::current().id(), number, held: PhantomData }
    }

    /// Gives `body` the value.
    ///
    /// # Panics
    /// On any other thread than the one it was made on.
    pub fn with<R>(&mut self, body: impl FnOnce(&mut T) -> R) -> R {
        let mut lent = Lent { number: self.number, value: self.take() };
        let value = lent.value.as_mut().and_then(|it| it.downcast_mut());
        body(value.expect("a value that is bound to a thread is used on that thread alone"))
    }

    fn take(&self) -> Option<Box<dyn Any>> {
        if thread::current().id() != self.thread {
            return None;
        }
        HELD.try_with(|it| it.borrow_mut().remove(&self.number)).ok().flatten()
    }
}

/// A value that is in use, and goes back where it was, however that ends.
struct Lent {
    number: u64,
    value: Option<Box<dyn Any>>,
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(value) = self.value.take() {
            HELD.with_borrow_mut(|it| it.insert(self.number, value));
        }
    }
}

impl<T: 'static> Drop for ThreadBound<T> {
    /// On another thread nothing can be done: the value goes when its own thread ends.
    fn drop(&mut self) {
        // With the map closed: the value may have others in it.
        drop(self.take());
    }
}

impl<T> fmt::Debug for ThreadBound<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ThreadBound").field(&type_name::<T>()).finish()
    }
}
