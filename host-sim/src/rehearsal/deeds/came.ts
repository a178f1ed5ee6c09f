// How a deed tells that it came to pass: at once, after a while, or, where nothing was there to be done to, never.

export type Came = () => void;
