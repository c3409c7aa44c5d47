/** The ids of users and devices, as they stand in URLs. */
export const OPAQUE_ID = /^[A-Za-z0-9_-]{1,64}$/;
