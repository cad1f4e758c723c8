/** What our own values have in common, so that one test tells them from the objects of the input. */
export abstract class SystemValue {}
