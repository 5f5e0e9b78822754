//! Messages of HTTP/1 as bytes: read leniently, so that whatever a cache sends can be looked at. Who sends them is left to
//! `client` and `origin`.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// No message here has a head or a chunk line longer than this.
const LONGEST: usize = 1 << 20;

/// A message that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// The first line.
    pub start: String,
    /// All fields, in order, with names in lower case.
    pub fields: Vec<(String, Vec<u8>)>,
    /// The body, without the frames of its transfer.
    pub body: Vec<u8>,
}

impl Message {
    /// The status of a response; 0 if it is none.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.start.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
    }

    /// The method of a request.
    #[must_use]
    pub fn method(&self) -> &str {
        self.start.split(' ').next().unwrap_or_default()
    }

    /// The target of a request.
    #[must_use]
    pub fn target(&self) -> &str {
        self.start.split(' ').nth(1).unwrap_or_default()
    }

    /// The values of a field, all lines joined as RFC 9110 §5.3 says; `None` if there is none.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<String> {
        let lines: Vec<_> = self.lines(name).collect();
        (!lines.is_empty()).then(|| lines.join(", "))
    }

    /// The values of a field, line by line.
    pub fn lines<'a>(&'a self, name: &'a str) -> impl Iterator<Item = String> + 'a {
        let lines = self.fields.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name));
        lines.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn lists(&self, name: &str, member: &str) -> bool {
        self.lines(name).any(|line| line.split(',').any(|other| other.trim().eq_ignore_ascii_case(member)))
    }

    /// Whether the connection is over behind it.
    pub(crate) fn closes(&self) -> bool {
        let is_old = self.start.starts_with("HTTP/1.0") || self.start.ends_with("HTTP/1.0");
        self.lists("connection", "close") || is_old && !self.lists("connection", "keep-alive")
    }
}

/// How the end of a body is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    None,
    Length(usize),
    Chunked,
    Close,
}

impl Ending {
    pub(crate) fn of_request(request: &Message) -> Self {
        Self::framed(request).unwrap_or(Self::None)
    }

    pub(crate) fn of_response(method: &str, response: &Message) -> Self {
        let has_none = method == "HEAD" || matches!(response.status(), 100..=199 | 204 | 304);
        if has_none { Self::None } else { Self::framed(response).unwrap_or(Self::Close) }
    }

    fn framed(message: &Message) -> Option<Self> {
        if message.lists("transfer-encoding", "chunked") {
            return Some(Self::Chunked);
        }
        message.field("content-length")?.parse().ok().map(Self::Length)
    }
}

/// Reads a whole request; `None` if the connection ends before it.
///
/// # Errors
/// If the connection fails, or ends in the middle.
pub async fn read_message<R: AsyncRead + Unpin>(from: &mut R) -> io::Result<Option<Message>> {
    let Some(mut message) = read_head(from).await? else { return Ok(None) };
    message.body = read_body(from, Ending::of_request(&message)).await?;
    Ok(Some(message))
}

/// Reads the head of a message; `None` if the connection ends before it.
pub(crate) async fn read_head<R: AsyncRead + Unpin>(from: &mut R) -> io::Result<Option<Message>> {
    let mut message = Message::default();
    loop {
        let Some(line) = read_line(from).await? else {
            return if message.start.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        };
        match (message.start.is_empty(), line.is_empty()) {
            (true, true) => {}
            (true, false) => message.start = String::from_utf8_lossy(&line).into_owned(),
            (false, true) => return Ok(Some(message)),
            (false, false) => {
                let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
                let name = String::from_utf8_lossy(&line[..colon]).to_ascii_lowercase();
                let value = line.get(colon + 1..).unwrap_or_default().trim_ascii().to_vec();
                message.fields.push((name, value));
            }
        }
    }
}

pub(crate) async fn read_body<R: AsyncRead + Unpin>(from: &mut R, ending: Ending) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    match ending {
        Ending::None => {}
        Ending::Length(length) => {
            body.resize(length, 0);
            from.read_exact(&mut body).await?;
        }
        Ending::Close => {
            from.read_to_end(&mut body).await?;
        }
        Ending::Chunked => {
            while let Some(size) = chunk_size(from).await? {
                let start = body.len();
                body.resize(start + size, 0);
                from.read_exact(&mut body[start..]).await?;
                read_line(from).await?;
            }
            while read_line(from).await?.is_some_and(|trailer| !trailer.is_empty()) {}
        }
    }
    Ok(body)
}

/// `None` for the last chunk.
async fn chunk_size<R: AsyncRead + Unpin>(from: &mut R) -> io::Result<Option<usize>> {
    let line = read_line(from).await?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let text = String::from_utf8_lossy(&line);
    let digits = text.split(';').next().unwrap_or_default().trim();
    let size = usize::from_str_radix(digits, 16).map_err(|_| io::ErrorKind::InvalidData)?;
    Ok((size > 0).then_some(size))
}

/// A line without its end; `None` at the end of the connection.
async fn read_line<R: AsyncRead + Unpin>(from: &mut R) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    loop {
        let mut byte = [0];
        match from.read(&mut byte).await? {
            0 if line.is_empty() => return Ok(None),
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            _ => {}
        }
        match byte {
            [b'\n'] => {
                line.pop_if(|last| *last == b'\r');
                return Ok(Some(line));
            }
            [byte] if line.len() < LONGEST => line.push(byte),
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
}
