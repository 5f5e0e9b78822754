//! Nothing but tests lives here: the stories of `stories/`, and the executable protocol of `model/`.
