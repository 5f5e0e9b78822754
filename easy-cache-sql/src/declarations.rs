//! What every ORM's builder lets the application declare, written once: the same names and the same words in all of them.
//! What becomes of it is the analyzer's and the hook's.

/// The methods of a builder that keeps an [`AnalyzerBuilder`](crate::AnalyzerBuilder) in one field, and in another how long
/// writes may take.
///
/// Written inside its `impl` block. For the integrations of this workspace; not part of what is promised to others.
#[doc(hidden)]
#[macro_export]
macro_rules! declarations {
    ($analyzer:ident, $hold_for:ident) => {
        /// Tables whose rows change when rows of `table` are changed or deleted: foreign keys that cascade, and triggers.
        pub fn cascade<T: Into<String>>(mut self, table: impl Into<String>, to: impl IntoIterator<Item = T>) -> Self {
            self.$analyzer = self.$analyzer.cascade(table, to);
            self
        }

        /// The tables that a view stands for.
        pub fn view<T: Into<String>>(mut self, view: impl Into<String>, over: impl IntoIterator<Item = T>) -> Self {
            self.$analyzer = self.$analyzer.view(view, over);
            self
        }

        /// The tables that a function of the database writes when it is called.
        pub fn function<T: Into<String>>(
            mut self,
            name: impl Into<String>,
            writes: impl IntoIterator<Item = T>,
        ) -> Self {
            self.$analyzer = self.$analyzer.function(name, writes);
            self
        }

        /// The tables that triggers of `table` write, whatever is done to it; none of them, if they only change the row at hand.
        pub fn trigger<T: Into<String>>(
            mut self,
            table: impl Into<String>,
            writes: impl IntoIterator<Item = T>,
        ) -> Self {
            self.$analyzer = self.$analyzer.trigger(table, writes);
            self
        }

        /// What the database says of its own foreign keys, views, partitions and triggers.
        pub fn schema(mut self, schema: $crate::introspect::Schema) -> Self {
            self.$analyzer = self.$analyzer.schema(schema);
            self
        }

        /// The schema of tables that are named without one, where it is not the database's usual one.
        pub fn default_schema(mut self, schema: impl Into<String>) -> Self {
            self.$analyzer = self.$analyzer.default_schema(schema);
            self
        }

        /// How long a write may take to tell its outcome (30 s by default). It must be longer than the slowest COMMIT: one
        /// that the database executes after this may leave outdated values.
        pub const fn hold_for(mut self, within: ::std::time::Duration) -> Self {
            self.$hold_for = within;
            self
        }
    };
}
