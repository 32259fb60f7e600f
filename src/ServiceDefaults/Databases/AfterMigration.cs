namespace Pipeline.ServiceDefaults.Databases;

/// <summary>A step after the migrations, e.g. sample data. Runs at every <c>--migrate</c>: it must be safe to repeat.</summary>
/// <param name="Name">For messages to the operator.</param>
/// <param name="RunAsync">Runs the step in a scope of its own and says what it did.</param>
public sealed record AfterMigration(string Name, Func<IServiceProvider, CancellationToken, Task<string>> RunAsync);
