namespace Pipeline.ProviderSimulator.Scripts;

internal enum FinishReason
{
    None = 0,
    Stop = 1,
    ToolCalls = 2,
    Length = 3,
    ContentFilter = 4,
}
