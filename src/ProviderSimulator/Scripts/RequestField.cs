namespace Pipeline.ProviderSimulator.Scripts;

internal enum RequestField
{
    Model = 0,
    System = 1,
    FirstUser = 2,
    LastUser = 3,
}
