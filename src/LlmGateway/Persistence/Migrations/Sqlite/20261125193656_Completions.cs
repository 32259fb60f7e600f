using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Pipeline.LlmGateway.Persistence.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Completions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "completions",
                columns: table => new
                {
                    InvocationId = table.Column<Guid>(type: "TEXT", nullable: false),
                    Turn = table.Column<int>(type: "INTEGER", nullable: false),
                    Tenant = table.Column<string>(type: "TEXT", maxLength: 128, nullable: false),
                    Agent = table.Column<string>(type: "TEXT", maxLength: 128, nullable: false),
                    AskedPool = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Pool = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Priority = table.Column<string>(type: "TEXT", maxLength: 16, nullable: true),
                    State = table.Column<string>(type: "TEXT", unicode: false, maxLength: 16, nullable: false),
                    EnqueuedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    Deadline = table.Column<long>(type: "INTEGER", nullable: false),
                    NotBefore = table.Column<long>(type: "INTEGER", nullable: true),
                    Attempt = table.Column<int>(type: "INTEGER", nullable: false),
                    PromptTokens = table.Column<int>(type: "INTEGER", nullable: false),
                    MaxOutputTokens = table.Column<int>(type: "INTEGER", nullable: false),
                    Body = table.Column<byte[]>(type: "BLOB", nullable: true),
                    ResponseAddress = table.Column<string>(type: "TEXT", maxLength: 1024, nullable: true),
                    RequestId = table.Column<Guid>(type: "TEXT", nullable: true),
                    ConversationId = table.Column<Guid>(type: "TEXT", nullable: true),
                    CorrelationId = table.Column<Guid>(type: "TEXT", nullable: true),
                    TraceParent = table.Column<string>(type: "TEXT", unicode: false, maxLength: 64, nullable: true),
                    Epoch = table.Column<long>(type: "INTEGER", nullable: false),
                    Answer = table.Column<byte[]>(type: "BLOB", nullable: true),
                    IsFailure = table.Column<bool>(type: "INTEGER", nullable: false),
                    CompletedAt = table.Column<long>(type: "INTEGER", nullable: true),
                    AnsweredAt = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_completions", x => new { x.InvocationId, x.Turn });
                });

            migrationBuilder.CreateTable(
                name: "limit_domains",
                columns: table => new
                {
                    Name = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Epoch = table.Column<long>(type: "INTEGER", nullable: false),
                    Owner = table.Column<string>(type: "TEXT", maxLength: 256, nullable: true),
                    Beat = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_limit_domains", x => x.Name);
                });

            migrationBuilder.CreateTable(
                name: "model_calls",
                columns: table => new
                {
                    InvocationId = table.Column<Guid>(type: "TEXT", nullable: false),
                    Turn = table.Column<int>(type: "INTEGER", nullable: false),
                    Attempt = table.Column<int>(type: "INTEGER", nullable: false),
                    Tenant = table.Column<string>(type: "TEXT", maxLength: 128, nullable: false),
                    Agent = table.Column<string>(type: "TEXT", maxLength: 128, nullable: false),
                    Pool = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Domain = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    KeyAlias = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    Model = table.Column<string>(type: "TEXT", maxLength: 200, nullable: false),
                    DispatchedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    EndedAt = table.Column<long>(type: "INTEGER", nullable: true),
                    Outcome = table.Column<string>(type: "TEXT", unicode: false, maxLength: 32, nullable: false),
                    InputTokens = table.Column<int>(type: "INTEGER", nullable: false),
                    OutputTokens = table.Column<int>(type: "INTEGER", nullable: false),
                    CachedTokens = table.Column<int>(type: "INTEGER", nullable: false),
                    ArrivalTokens = table.Column<long>(type: "INTEGER", nullable: false),
                    ArrivalInput = table.Column<long>(type: "INTEGER", nullable: false),
                    ArrivalOutput = table.Column<long>(type: "INTEGER", nullable: false),
                    ProducedTokens = table.Column<long>(type: "INTEGER", nullable: false),
                    ProducedInput = table.Column<long>(type: "INTEGER", nullable: false),
                    ProducedOutput = table.Column<long>(type: "INTEGER", nullable: false),
                    ReservedTokens = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_model_calls", x => new { x.InvocationId, x.Turn, x.Attempt });
                });

            migrationBuilder.CreateIndex(
                name: "IX_completions_State_CompletedAt",
                table: "completions",
                columns: new[] { "State", "CompletedAt" });

            migrationBuilder.CreateIndex(
                name: "IX_model_calls_DispatchedAt",
                table: "model_calls",
                column: "DispatchedAt");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "completions");

            migrationBuilder.DropTable(
                name: "limit_domains");

            migrationBuilder.DropTable(
                name: "model_calls");
        }
    }
}
