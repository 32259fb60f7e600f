namespace Pipeline.Benchmarks.Store;

internal static class StoreVariant
{
    public const string RowStore = "row-store";
    public const string InboxOutboxTables = "inbox-outbox-tables";
    public const string NoOutbox = "no-outbox";
    public const string All = "all";

    public static IReadOnlyList<string> Each { get; } = [RowStore, InboxOutboxTables, NoOutbox];
}
