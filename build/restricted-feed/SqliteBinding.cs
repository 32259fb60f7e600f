using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace Pipeline.Build.RestrictedFeed;

/// <summary>
/// The restricted feed has only SQLitePCLRaw 2.0.6, older than what EF Core was built against, and a SQLite of 2021 inside it.
/// Binds EF Core to the assembly that is there, and to the system's libsqlite3 where there is one.
/// </summary>
internal static class SqliteBinding
{
#pragma warning disable CA2255 // The binding must stand before the first use of SQLite, whoever makes it.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Bind()
    {
        // Compiled into every assembly that brings the database providers; the runtime takes one resolver for an assembly.
        const string done = "Pipeline.SqliteBinding";
        if (AppContext.GetData(done) is not null)
        {
            return;
        }

        AppContext.SetData(done, true);

        // No version in the name: the runtime's check against downgrades does not apply.
        AssemblyLoadContext.Default.Resolving += static (context, name) =>
            name.Name == "SQLitePCLRaw.core" ? context.LoadFromAssemblyName(new AssemblyName("SQLitePCLRaw.core")) : null;

        NativeLibrary.SetDllImportResolver(Assembly.Load("SQLitePCLRaw.provider.e_sqlite3"), static (library, _, _) =>
            library == "e_sqlite3" && NativeLibrary.TryLoad("libsqlite3.so.0", out var handle) ? handle : IntPtr.Zero);
    }
}
