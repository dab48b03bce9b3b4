//! How inputs and outputs travel: in the path, the query, the body.

/// A path parameter. There is one at most, called `id`.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

/// The query string.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

/// A JSON body; as an output, 200.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

/// A JSON body of something that did not exist before: 201.
#[derive(Debug, Clone)]
pub struct Created<T>(pub T);

/// Nothing to say: 204.
#[derive(Debug, Clone, Copy)]
pub struct NoContent;

/// A body that is not JSON of this API: metrics, pages, the API description.
#[derive(Debug, Clone)]
pub struct Document {
    /// The media type.
    pub content_type: &'static str,
    /// The body.
    pub body: std::borrow::Cow<'static, str>,
}
