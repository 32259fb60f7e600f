using Microsoft.EntityFrameworkCore;

namespace Pipeline.ServiceDefaults.Databases;

/// <summary>A database whose committed migrations must be applied before the service starts.</summary>
/// <param name="Name">For messages to the operator.</param>
/// <param name="Resolve">Takes the context from a scope.</param>
public sealed record MigratedDatabase(string Name, Func<IServiceProvider, DbContext> Resolve);
